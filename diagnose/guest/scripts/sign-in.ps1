# sign-in: failed logons of 24 hours, the accounts they name, and what Remote Desktop needs.
Block 'sign-in' {
  $terminal = 'HKLM:\SYSTEM\CurrentControlSet\Control\Terminal Server'
  $listener = "$terminal\WinStations\RDP-Tcp"
  $policy = 'HKLM:\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services'
  $system = Cim 'Win32_ComputerSystem'
  $o = Fields

  # Security 4625, by the names of its fields. The newest 3,000: a server that faces the
  # internet can have more, and then a count is the least there were.
  $named = [ordered]@{}
  $groups = [ordered]@{}
  $strangers = [ordered]@{}
  $o['failures_read'] = $true
  try {
    foreach ($e in Events 'Security' '*[System[EventID=4625 and TimeCreated[timediff(@SystemTime) <= 86400000]]]' 3000) {
      # Counts are then the least there were, too.
      if ($clock.Elapsed.TotalSeconds -gt 60) { break }
      $xml = [xml]$e.ToXml()
      $f = @{}
      foreach ($d in $xml.Event.EventData.Data) { $f[[string]$d.Name] = [string]$d.'#text' }
      $status = 'Status', 'SubStatus' | ForEach-Object {
        if ($f[$_] -match '^0x([0-9a-fA-F]{1,8})$') { '0x' + $Matches[1].ToUpperInvariant().PadLeft(8, '0') } else { '0x00000000' }
      }
      $user = [string]$f['TargetUserName']
      $realm = [string]$f['TargetDomainName']
      $unknown = $status -contains '0xC0000064'
      # What is no account's name may be a password that somebody typed into the wrong field.
      if ($unknown) { $account = $user.Substring(0, [Math]::Min(2, $user.Length)) + '...' }
      elseif ($realm -and $realm -ne '-') { $account = $realm + '\' + $user }
      else { $account = $user }
      $source = $f['IpAddress'] -replace '^::ffff:', ''
      if (-not $source -or $source -eq '-') { $source = $f['WorkstationName'] }
      $key = @($status[0], $status[1], $account, $source, $f['LogonType']) -join "`n"
      $into = if ($unknown) { $strangers } else { $groups }
      if (-not $into.Contains($key)) {
        $into[$key] = [ordered]@{
          status = $status[0]; sub_status = $status[1]; account = $account; source = $source
          type = [int]$f['LogonType']; count = 0; last = Iso $e.TimeCreated
        }
      }
      $into[$key]['count']++
      if (-not $unknown -and $user -and $named.Count -lt 15) { $named[$account] = @($realm, $user) }
    }
    # Names that do not exist come last: guesses from outside must not hide the others.
    $o['failures'] = @(@($groups.Values) + @($strangers.Values) | Select-Object -First 40)
  } catch { $o['failures_read'] = $false }

  # Accounts: the built-in administrator (RID 500), and those that a failure names.
  # A name belongs to this computer where it was given with this computer's name or none,
  # and wherever the computer is in no domain.
  $joined = [bool]$system.PartOfDomain
  $member = [int]$system.DomainRole -lt 4
  $own = '', '-', '.', [string]$env:COMPUTERNAME
  if ($member) {
    Many $o 'accounts' {
      foreach ($u in Cim 'Win32_UserAccount' 'LocalAccount=True') {
        $here = @($named.Values | Where-Object { $_[1] -eq $u.Name -and (-not $joined -or $own -contains $_[0]) })
        if ($here.Count -eq 0 -and $u.SID -notmatch '-500$') { continue }
        $dates = Attempt { Get-LocalUser -SID $u.SID }
        $expired = Attempt { ([adsi]('WinNT://' + $env:COMPUTERNAME + '/' + $u.Name + ',user')).PasswordExpired.Value }
        [ordered]@{
          name = [string]$u.Name
          local = $true
          locked = [bool]$u.Lockout
          disabled = [bool]$u.Disabled
          expires = Iso $dates.AccountExpires
          password_expires = Iso $dates.PasswordExpires
          password_expired = ([int]$expired -eq 1)
        }
      }
    }
  }
  # Domain accounts by the computer's own right to read the directory.
  $wanted = @($named.Values | Where-Object { -not $member -or $own -notcontains $_[0] -or $_[1] -like '*@*' } |
    ForEach-Object { $_[1] } | Where-Object { $_ -match '^[^\\/*()"\x00-\x1f]{1,64}$' } | Select-Object -Unique)
  if ($joined -and $wanted.Count -gt 0) {
    try {
      $found = Within 15 {
        param($wanted)
        $search = New-Object System.DirectoryServices.DirectorySearcher
        $search.ClientTimeout = [timespan]::FromSeconds(5)
        $columns = 'samaccountname', 'useraccountcontrol', 'msds-user-account-control-computed', 'accountexpires', 'msds-userpasswordexpirytimecomputed'
        $search.PropertiesToLoad.AddRange($columns)
        foreach ($w in $wanted) {
          $search.Filter = '(&(objectCategory=person)(objectClass=user)(|(sAMAccountName=' + $w + ')(userPrincipalName=' + $w + ')))'
          $hit = $search.FindOne()
          if (-not $hit) { continue }
          $p = $hit.Properties
          $now = [int]@($p['msds-user-account-control-computed'])[0]
          $dates = @(foreach ($column in 'accountexpires', 'msds-userpasswordexpirytimecomputed') {
            $ticks = [int64]@($p[$column])[0]
            # 0 and the largest number stand for never; nobody means a year after 2200 either.
            if ($ticks -gt 0 -and $ticks -lt 189025920000000000) {
              [datetime]::FromFileTimeUtc($ticks).ToString('yyyy-MM-ddTHH:mm:ssZ', [cultureinfo]::InvariantCulture)
            } else { '' }
          })
          $account = [ordered]@{
            name = [string]@($p['samaccountname'])[0]
            local = $false
            locked = (($now -band 0x10) -ne 0)
            disabled = (([int]@($p['useraccountcontrol'])[0] -band 2) -ne 0)
            password_expired = (($now -band 0x800000) -ne 0)
          }
          if ($dates[0]) { $account['expires'] = $dates[0] }
          if ($dates[1]) { $account['password_expires'] = $dates[1] }
          $account
        }
      } $wanted
      $o['accounts'] = @($o['accounts']) + @($found)
    } catch { [void]$o['unread'].Add('accounts') }
  }

  # A group policy's value stands above the local one.
  foreach ($s in @('deny_ts', 'fDenyTSConnections', $terminal), @('nla', 'UserAuthentication', $listener)) {
    $o[$s[0]] = RegInt $policy $s[1]
    if ($null -eq $o[$s[0]]) { $o[$s[0]] = RegInt $s[2] $s[1] }
  }
  $port = RegInt $listener 'PortNumber'
  $o['port'] = $port
  $o['term_service'] = ServiceState 'TermService'

  # Sessions by the processes that each one has. Win32_LogonSession also counts those that
  # ended, and Windows's own for the desktop.
  One $o 'sessions' {
    $shells = Cim 'Win32_Process' "Name='explorer.exe' OR Name='sihost.exe' OR Name='taskhostw.exe' OR Name='rdpclip.exe'"
    @($shells | Where-Object { $_.SessionId -gt 0 } | ForEach-Object { $_.SessionId } | Select-Object -Unique).Count
  }
  One $o 'rds_role' {
    $setting = Get-CimInstance -Namespace 'root\cimv2\TerminalServices' -ClassName Win32_TerminalServiceSetting -OperationTimeoutSec (Left 10)
    [int]$setting.TerminalServerMode -eq 1
  }
  if ($o['rds_role']) {
    One $o 'grace_days' {
      $setting = Get-CimInstance -Namespace 'root\cimv2\TerminalServices' -ClassName Win32_TerminalServiceSetting -OperationTimeoutSec (Left 10)
      $grace = Invoke-CimMethod -InputObject $setting -MethodName GetGracePeriodDays
      if ([int]$grace.ReturnValue -ne 0) { throw (New-Object System.InvalidOperationException) }
      [int]$grace.DaysLeft
    }
  }

  # The rights, as the Local Security Authority keeps them: a bit mask for each SID. Only
  # LocalSystem may read it. Exporting the policy instead would write a file.
  $rights = @{}
  try {
    foreach ($k in Get-ChildItem -LiteralPath 'HKLM:\SECURITY\Policy\Accounts') {
      $access = $k.OpenSubKey('ActSysAc')
      if (-not $access) { continue }
      $mask = $access.GetValue('')
      if ($mask -is [byte[]] -and $mask.Length -ge 4) { $rights[$k.PSChildName] = [BitConverter]::ToUInt32($mask, 0) }
    }
    if ($rights.Count -eq 0) { throw (New-Object System.UnauthorizedAccessException) }
    # POLICY_MODE_REMOTE_INTERACTIVE and POLICY_MODE_DENY_REMOTE_INTERACTIVE of MS-LSAD 2.2.1.2.
    $o['allowed'] = @($rights.Keys | Where-Object { $rights[$_] -band 0x400 } | Sort-Object | Select-Object -First 40)
    $o['denied'] = @($rights.Keys | Where-Object { $rights[$_] -band 0x800 } | Sort-Object | Select-Object -First 40)
  } catch { [void]$o['unread'].AddRange(@('allowed', 'denied')) }

  # Windows Firewall: does a rule of the profiles in use let the port in, from anywhere?
  One $o 'firewall_open' {
    $open = Within 20 {
      param($port)
      $used = 0
      foreach ($n in Get-NetConnectionProfile) { $used = $used -bor @(4, 2, 1)[[int]$n.NetworkCategory] }
      if ($used -eq 0) { return }
      $bit = @{ Domain = 1; Private = 2; Public = 4 }
      $on = 0
      $lax = 0
      foreach ($p in Get-NetFirewallProfile -PolicyStore ActiveStore) {
        if ([string]$p.Enabled -eq 'True') { $on = $on -bor $bit[[string]$p.Name] }
        if ([string]$p.DefaultInboundAction -eq 'Allow') { $lax = $lax -bor $bit[[string]$p.Name] }
      }
      $used = $used -band $on
      if ($used -eq 0) { return $true }
      $about = @{}
      foreach ($f in Get-NetFirewallPortFilter -PolicyStore ActiveStore) {
        if ('TCP', '6' -notcontains [string]$f.Protocol) { continue }
        foreach ($l in @($f.LocalPort)) {
          if ([string]$l -eq [string]$port) { $about[$f.InstanceID] = $true }
          if ([string]$l -match '^(\d+)-(\d+)$' -and [int]$Matches[1] -le $port -and $port -le [int]$Matches[2]) { $about[$f.InstanceID] = $true }
        }
      }
      $partly = $false
      $allowed = $false
      foreach ($r in Get-NetFirewallRule -PolicyStore ActiveStore -Enabled True -Direction Inbound) {
        if (-not $about[$r.InstanceID]) { continue }
        $for = [int]$r.Profile
        if ($for -eq 0) { $for = 7 }
        if (($for -band $used) -eq 0) { continue }
        $any = @(($r | Get-NetFirewallAddressFilter).RemoteAddress) -contains 'Any'
        $whole = $any -and (($for -band $used) -eq $used)
        if (-not $whole) { $partly = $true; continue }
        if ([string]$r.Action -eq 'Block') { return $false }
        $allowed = $true
      }
      # Rules for some addresses or networks only: whether they fit is not known here.
      if ($partly) { return }
      if ($allowed) { return $true }
      ($lax -band $used) -eq $used
    } $port
    @($open)[-1]
  }
  $o
}
