
# Unlocks one account: of this computer, or, on a domain controller, of the domain.
function Account() {
  if ([string]$given.scope -eq 'local') {
    return [adsi]('WinNT://' + $env:COMPUTERNAME + '/' + [string]$given.account + ',user')
  }
  if ([int](Get-CimInstance -ClassName Win32_ComputerSystem).DomainRole -lt 4) { Refuse }
  $search = New-Object System.DirectoryServices.DirectorySearcher
  $search.ClientTimeout = [timespan]::FromSeconds(15)
  $search.Filter = '(&(objectCategory=person)(objectClass=user)(sAMAccountName=' + [string]$given.account + '))'
  $hit = $search.FindOne()
  if (-not $hit) { Refuse }
  $hit.GetDirectoryEntry()
}
function Locked($account) {
  if ([string]$given.scope -eq 'local') { return [bool]$account.PSBase.InvokeGet('IsAccountLocked') }
  $account.PSBase.RefreshCache(@('msDS-User-Account-Control-Computed'))
  ([int]$account.PSBase.Properties['msDS-User-Account-Control-Computed'].Value -band 0x10) -ne 0
}
Fix 'unlock-account' {
  [ordered]@{ account = [string]$given.account; locked = (Locked (Account)).ToString().ToLowerInvariant() }
} {
  param($was)
  $account = Account
  if ([string]$given.scope -eq 'local') {
    [void]$account.PSBase.InvokeSet('IsAccountLocked', $false)
    $account.PSBase.CommitChanges()
  } else {
    $account.PSBase.Properties['lockoutTime'].Value = 0
    $account.PSBase.CommitChanges()
  }
  if (Locked (Account)) { Refuse }
}
