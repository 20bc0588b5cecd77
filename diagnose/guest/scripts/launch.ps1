# launch: the launch agent, what it does with the password, and the local administrators.
# Passwords in the agents' settings are not read out.
Block 'launch' {
  $v1 = "$env:ProgramData\Amazon\EC2-Windows\Launch"
  $v2 = "$env:ProgramFiles\Amazon\EC2Launch\EC2Launch.exe"
  $data = "$env:ProgramData\Amazon\EC2Launch"
  $o = Fields
  $o['agent'] = ''
  if (Test-Path -LiteralPath $v2) {
    $o['agent'] = 'v2'
    $o['run_once'] = Iso (Attempt { (Get-Item -LiteralPath "$data\state\.run-once" -Force).LastWriteTime })
    $o['state'] = Iso (Attempt { (Get-Item -LiteralPath "$data\state\state.json" -Force).LastWriteTime })
    One $o 'password_type' {
      $settings = Program 15 $v2 'get-agent-config --format json'
      $task = @($settings.config.tasks) | Where-Object { $_.task -eq 'setAdminAccount' } | Select-Object -First 1
      if ($task) {
        $type = [string]$task.inputs.password.type
        if ($type) { $type } else { 'default' }
      }
    }
    $o['skipped'] = [bool](Attempt { Select-String -LiteralPath "$data\log\agent.log" -SimpleMatch 'Skipping task preReady-setAdminAccount' -Quiet })
  } elseif (Test-Path -LiteralPath "$v1\Module\Ec2Launch.psd1") {
    $o['agent'] = 'v1'
    One $o 'password_type' {
      $settings = Get-Content -Raw -LiteralPath "$v1\Config\LaunchConfig.json" | ConvertFrom-Json
      [string]$settings.adminPasswordType
    }
  } elseif (Get-Service -Name 'Ec2Config' -ErrorAction SilentlyContinue) {
    $o['agent'] = 'ec2config'
  }
  # A domain controller has no local accounts.
  if ([int](Cim 'Win32_ComputerSystem').DomainRole -lt 4) {
    Many $o 'local_admins' {
      $members = Within 15 {
        $group = Get-CimInstance -ClassName Win32_Group -Filter "SID='S-1-5-32-544' AND LocalAccount=True"
        Get-CimAssociatedInstance -InputObject $group -Association Win32_GroupUser -ResultClassName Win32_UserAccount |
          Where-Object { $_.LocalAccount } | Select-Object -First 40
      }
      foreach ($m in $members) {
        [ordered]@{ name = [string]$m.Name; rid = [int64]($m.SID -split '-')[-1]; disabled = [bool]$m.Disabled }
      }
    }
  }
  $o['ssm_agent'] = ServiceState 'AmazonSSMAgent'
  $o
}
