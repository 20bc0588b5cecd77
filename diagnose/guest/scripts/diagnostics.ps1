# diagnostics: what the SSM agent's own ssm-cli finds. It reads and connects, nothing else.
Block 'diagnostics' {
  $cli = "$env:ProgramFiles\Amazon\SSM\ssm-cli.exe"
  if (-not (Test-Path -LiteralPath $cli)) { throw (New-Object System.IO.FileNotFoundException) }
  $report = Attempt { Program 30 $cli 'get-diagnostics' }
  if ($null -eq $report.DiagnosticsOutput) {
    # Agents before 3.1.501.0 do not know the command. Another reason is a failure.
    $about = Program 10 $cli 'get-instance-information'
    if ([version]$about.'release-version' -ge [version]'3.1.501.0') { throw (New-Object System.FormatException) }
    return [ordered]@{ checks = @(); missing = $true }
  }
  $checks = foreach ($c in @($report.DiagnosticsOutput)) {
    # The address of a proxy can hold a password.
    $note = [regex]::Replace([string]$c.Note, '//[^/@\s]*@', '//')
    [ordered]@{ check = [string]$c.Check; status = [string]$c.Status; note = $note }
  }
  [ordered]@{ checks = @($checks) }
}
