
# The clock: EC2 keeps its hardware clock in UTC, which Windows takes for local time
# unless RealTimeIsUniversal is 1; then the time is taken from the time source. With a
# recorded value it only puts that back: the time itself stays right.
$zone = 'HKLM:\SYSTEM\CurrentControlSet\Control\TimeZoneInformation'
function SetUniversal($value) {
  if ([string]$value -eq '') {
    Remove-ItemProperty -LiteralPath $zone -Name 'RealTimeIsUniversal' -ErrorAction SilentlyContinue
  } else {
    Set-ItemProperty -LiteralPath $zone -Name 'RealTimeIsUniversal' -Type DWord -Value ([int]$value)
  }
}
Fix 'clock' {
  [ordered]@{ real_time_is_universal = [string](Get-Item -LiteralPath $zone).GetValue('RealTimeIsUniversal'); utc = Iso (Get-Date) }
} {
  param($was)
  if ($null -ne $given.real_time_is_universal) { SetUniversal $given.real_time_is_universal; return }
  SetUniversal '1'
  Start-Service -Name 'W32Time'
  # Its words are in the language of Windows; its end is a number.
  $null = & "$env:windir\System32\w32tm.exe" /resync /rediscover
  if ($LASTEXITCODE -ne 0) { throw (New-Object System.ComponentModel.Win32Exception($LASTEXITCODE)) }
} { param($was) SetUniversal $was['real_time_is_universal'] }
