# identity: which Windows this is, whether it was generalized, and its domain.
Block 'identity' {
  $system = Cim 'Win32_ComputerSystem'
  $os = Cim 'Win32_OperatingSystem'
  $role = [int]$system.DomainRole
  $joined = [bool]$system.PartOfDomain
  $version = 'HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion'
  $sysprep = 'HKLM:\SYSTEM\Setup\Status\SysprepStatus'
  $o = Fields
  $o['host'] = [string]$env:COMPUTERNAME
  if ($joined) { $o['domain'] = [string]$system.Domain }
  $o['joined'] = $joined
  $o['role'] = $role
  # A domain controller (role 4 and 5) has no local accounts, hence no machine SID.
  if ($role -lt 4) {
    One $o 'machine_sid' {
      $first = Cim 'Win32_UserAccount' 'LocalAccount=True' |
        Where-Object { $_.SID -match '^S-1-5-21-\d+-\d+-\d+-500$' } | Select-Object -First 1
      if (-not $first) { throw (New-Object System.InvalidOperationException) }
      $first.SID.Substring(0, $first.SID.Length - 4)
    }
  }
  if ($joined) {
    One $o 'computer_sid' {
      $account = [string]$system.Domain + '\' + $env:COMPUTERNAME + '$'
      $sid = Within 10 {
        param($account)
        (New-Object System.Security.Principal.NTAccount($account)).Translate([System.Security.Principal.SecurityIdentifier]).Value
      } $account
      [string]@($sid)[-1]
    }
  }
  $o['build'] = [int]$os.BuildNumber
  $o['ubr'] = RegInt $version 'UBR'
  $o['edition'] = Reg $version 'EditionID'
  $o['installed'] = Iso $os.InstallDate
  $o['booted'] = Iso $os.LastBootUpTime
  $o['language'] = [int]$os.OSLanguage
  $o['image_state'] = Reg 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Setup\State' 'ImageState'
  $o['generalization'] = RegInt $sysprep 'GeneralizationState'
  $o['cleanup'] = RegInt $sysprep 'CleanupState'
  $o['clone_tag'] = [string](Reg 'HKLM:\SYSTEM\Setup' 'CloneTag')
  $o['machine_guid'] = Reg 'HKLM:\SOFTWARE\Microsoft\Cryptography' 'MachineGuid'
  $o['sus_client_id'] = Reg 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate' 'SusClientId'
  # LsaSrv 6167 of seven days: a sign-in was refused because the machine IDs match.
  Many $o 'mismatches' {
    Events 'System' '*[System[EventID=6167 and TimeCreated[timediff(@SystemTime) <= 604800000]]]' 50 |
      Where-Object { $_.ProviderName -match 'Lsa' } | ForEach-Object { Iso $_.TimeCreated }
  }
  if ($joined -and $role -lt 4) {
    One $o 'secure_channel' { [bool]@(Within 15 { Test-ComputerSecureChannel })[-1] }
  }
  $o
}
