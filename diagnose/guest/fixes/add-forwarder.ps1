
# Adds one forwarder. One that is there already is not touched, so that taking this back
# never removes what somebody else set.
Fix 'add-forwarder' { ForwarderState } {
  param($was)
  $server = [string]$given.server
  if ([string]$given.zone) {
    if ($was['zone']) { Refuse }
    Add-DnsServerConditionalForwarderZone -Name ([string]$given.zone) -MasterServers $server
  } else {
    if (@($was['forwarders'] -split ',') -contains $server) { Refuse }
    Add-DnsServerForwarder -IPAddress $server
  }
  Clear-DnsServerCache -Force
}
