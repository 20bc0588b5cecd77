
# Remote Desktop on: its switch, the start type of its service where it is disabled, and
# the service itself; or all three as they were recorded. A group policy's value stands
# above the switch and is left alone, and so is Windows Firewall.
$switch1 = 'HKLM:\SYSTEM\CurrentControlSet\Control\Terminal Server'
$policy = 'HKLM:\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services'
function PutDesktop($deny, $start, $status) {
  if ([string]$deny -ne '') { Set-ItemProperty -LiteralPath $switch1 -Name 'fDenyTSConnections' -Type DWord -Value ([int]$deny) }
  # A disabled service has to be allowed to start before it is started.
  if ([string]$start -ne '') { Set-Service -Name 'TermService' -StartupType ([string]$start) }
  if ([string]$status -eq 'Stopped') { Stop-Service -Name 'TermService' -Force }
  if ([string]$status -eq 'Running') { Start-Service -Name 'TermService' }
}
Fix 'rdp-service' {
  $service = Get-Service -Name 'TermService'
  [ordered]@{
    deny = [string](Get-Item -LiteralPath $switch1).GetValue('fDenyTSConnections')
    policy = [string](Attempt { (Get-Item -LiteralPath $policy).GetValue('fDenyTSConnections') })
    status = [string]$service.Status
    start_type = [string]$service.StartType
  }
} {
  param($was)
  if ([string]$given.deny) { PutDesktop $given.deny $given.start_type $given.status; return }
  if ($was['policy'] -eq '1') { Refuse }
  $start = ''
  # Manual is what Windows Server is installed with.
  if ($was['start_type'] -eq 'Disabled') { $start = 'Manual' }
  PutDesktop '0' $start 'Running'
} { param($was) PutDesktop $was['deny'] $was['start_type'] $was['status'] }
