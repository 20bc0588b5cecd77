
# The forwarders of this DNS server: for everything, or for one zone.
function Masters($zone) {
  $found = Get-DnsServerZone -Name $zone -ErrorAction SilentlyContinue
  if (-not $found) { return '' }
  if ([string]$found.ZoneType -ne 'Forwarder') { Refuse }
  @($found.MasterServers | ForEach-Object { $_.IPAddressToString }) -join ' '
}
function ForwarderState() {
  $state = [ordered]@{ forwarders = @((Get-DnsServerForwarder).IPAddress | ForEach-Object { $_.IPAddressToString }) -join ',' }
  if ([string]$given.zone) { $state['zone'] = Masters ([string]$given.zone) }
  $state
}
