
# Removes the forwarder that was added.
Fix 'remove-forwarder' { ForwarderState } {
  param($was)
  $server = [string]$given.server
  if ([string]$given.zone) {
    if ($was['zone'] -ne $server) { Refuse }
    Remove-DnsServerZone -Name ([string]$given.zone) -Force
  } else {
    if (@($was['forwarders'] -split ',') -notcontains $server) { Refuse }
    Remove-DnsServerForwarder -IPAddress $server -Force
  }
  Clear-DnsServerCache -Force
}
