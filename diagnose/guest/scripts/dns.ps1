# dns: how Windows resolves the names, by its own servers and by the VPC's Resolver.
Block 'dns' {
  [void](Get-Command Resolve-DnsName)
  function Ask($host1, $type, $server) {
    $ask = @{ Name = $host1; Type = $type; DnsOnly = $true; QuickTimeout = $true }
    $q = [ordered]@{ name = $host1; type = $type; server = $null; code = 0; answers = $null }
    # The Resolver is compared with Windows's own servers, so the hosts file stays out of it.
    if ($server) { $q['server'] = $server; $ask['Server'] = $server; $ask['NoHostsFile'] = $true }
    try {
      $records = @(Resolve-DnsName @ask | Where-Object { 'Authority', 'Additional' -notcontains [string]$_.Section })
      $found = @(foreach ($r in $records) {
        if ($type -eq 'SRV') { if ($r.NameTarget) { [string]$r.NameTarget } } elseif ($r.IPAddress) { [string]$r.IPAddress }
      })
      # The name exists, but has no record of that type.
      if ($found.Count -eq 0) { $q['code'] = 9501 } else { $q['answers'] = @($found | Select-Object -Unique -First 16) }
    } catch {
      $cause = $_.Exception.GetBaseException()
      $q['code'] = -1
      if ($cause -is [System.ComponentModel.Win32Exception] -and $cause.NativeErrorCode -gt 0) { $q['code'] = $cause.NativeErrorCode }
    }
    $q
  }
  $o = Fields
  $asks = New-Object System.Collections.ArrayList
  foreach ($d in $domains) {
    [void]$asks.Add(@(('_ldap._tcp.dc._msdcs.' + $d), 'SRV', $null))
    [void]$asks.Add(@($d, 'A', $null))
  }
  foreach ($n in $names) {
    [void]$asks.Add(@($n, 'A', $null))
    [void]$asks.Add(@($n, 'A', '169.254.169.253'))
  }
  # Servers that do not answer cost some seconds a name: after 30 the rest stays open.
  $until = $clock.Elapsed.TotalSeconds + 30
  $o['queries'] = New-Object System.Collections.ArrayList
  foreach ($a in $asks) {
    if ($clock.Elapsed.TotalSeconds -gt $until) { [void]$o['unread'].Add('queries'); break }
    [void]$o['queries'].Add((Ask $a[0] $a[1] $a[2]))
  }
  Many $o 'servers' {
    Get-DnsClientServerAddress -AddressFamily IPv4 | Where-Object { $_.ServerAddresses } |
      ForEach-Object { , @($_.ServerAddresses | ForEach-Object { [string]$_ }) }
  }
  Many $o 'suffixes' { (Get-DnsClientGlobalSetting).SuffixSearchList | Where-Object { $_ } | ForEach-Object { [string]$_ } }
  $o
}
