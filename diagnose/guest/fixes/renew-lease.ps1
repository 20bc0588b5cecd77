
# Renews the lease of every adapter that takes its addresses from DHCP, as ipconfig /renew,
# and forgets what was resolved before. Servers that somebody set by hand stay.
function Cards() { Get-CimInstance -ClassName Win32_NetworkAdapterConfiguration -Filter 'IPEnabled=True AND DHCPEnabled=True' }
Fix 'renew-lease' {
  [ordered]@{
    servers = @(Cards | ForEach-Object { $_.DNSServerSearchOrder } | Select-Object -Unique) -join ','
    by_hand = @(Cards | ForEach-Object {
      $path = 'HKLM:\SYSTEM\CurrentControlSet\Services\Tcpip\Parameters\Interfaces\' + $_.SettingID
      (Get-Item -LiteralPath $path).GetValue('NameServer')
    } | Where-Object { $_ }) -join ' '
  }
} {
  param($was)
  $cards = @(Cards)
  if ($cards.Count -eq 0) { Refuse }
  foreach ($card in $cards) {
    $answer = Invoke-CimMethod -InputObject $card -MethodName RenewDHCPLease
    # 0 is done, 1 is done and a restart is wanted.
    if ([int]$answer.ReturnValue -gt 1) { throw (New-Object System.ComponentModel.Win32Exception([int]$answer.ReturnValue)) }
  }
  Clear-DnsClientCache
}
