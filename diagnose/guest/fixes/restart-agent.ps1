
# Restarts the SSM Agent, ten seconds from now and from a process that is not the
# agent's own: this script ends with the agent that runs it.
Fix 'restart-agent' {
  $service = Get-Service -Name 'AmazonSSMAgent'
  [ordered]@{ status = [string]$service.Status; start_type = [string]$service.StartType }
} {
  param($was)
  $line = 'powershell.exe -NoProfile -NonInteractive -Command "Start-Sleep -Seconds 10; Restart-Service -Name AmazonSSMAgent -Force"'
  $started = Invoke-CimMethod -ClassName Win32_Process -MethodName Create -Arguments @{ CommandLine = $line }
  if ([int]$started.ReturnValue -ne 0) { throw (New-Object System.ComponentModel.Win32Exception([int]$started.ReturnValue)) }
}
