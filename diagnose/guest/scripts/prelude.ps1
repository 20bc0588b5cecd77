# monshin asks this Windows some questions. It only reads: it changes no setting, starts
# and stops no service, writes no file and keeps nothing. It prints lines of ASCII JSON.
# For Windows PowerShell 5.1. No text that depends on the language of Windows is read.
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$clock = [System.Diagnostics.Stopwatch]::StartNew()

# The seconds a step may take: at most $most, and what is left of 80 in all, because
# Run Command ends the script after 90.
function Left($most) {
  $left = [int][Math]::Floor([Math]::Min($most, 80 - $clock.Elapsed.TotalSeconds))
  if ($left -lt 1) { throw (New-Object System.TimeoutException) }
  $left
}

function Say($line) { [Console]::Out.WriteLine($line) }

# A value as JSON in ASCII: ConvertTo-Json of 5.1 writes dates and some lists in a
# shape of its own, and leaves other languages' characters to the code page.
function Json($value) {
  if ($null -eq $value) { return 'null' }
  if ($value -is [bool]) { return $value.ToString().ToLowerInvariant() }
  if ($value -is [string]) {
    $text = [regex]::Replace($value, '[\x00-\x1f\x7f-\x9f]', '?')
    if ($text.Length -gt 250) { $text = $text.Substring(0, 250) }
    return '"' + [regex]::Replace($text, '[^ !#-\[\]-~]', { param($c) '\u{0:x4}' -f [int][char]$c.Value }) + '"'
  }
  if ($value -is [System.Collections.IDictionary]) {
    $pairs = foreach ($key in @($value.Keys)) {
      if ($null -ne $value[$key]) { (Json ([string]$key)) + ':' + (Json ($value[$key])) }
    }
    return '{' + (@($pairs) -join ',') + '}'
  }
  if ($value -is [System.Collections.IEnumerable]) {
    $items = foreach ($item in $value) { if ($null -ne $item) { Json $item } }
    return '[' + (@($items) -join ',') + ']'
  }
  [string][int64]$value
}

# One line for a block; several where the value is long, because a list of commands
# shows 2,500 characters of an output.
function Emit($block, $json) {
  $head = 'MONSHIN1 {"b":"' + $block + '","i":"' + $instance + '","t":"' + (Iso (Get-Date)) + '"'
  if ($json.Length -le 2300) { Say ($head + ',"d":' + $json + '}'); return }
  $size = 1700
  $count = [int][Math]::Ceiling($json.Length / $size)
  for ($i = 0; $i -lt $count; $i++) {
    $piece = $json.Substring($i * $size, [Math]::Min($size, $json.Length - $i * $size))
    $piece = $piece.Replace('\', '\\').Replace('"', '\"')
    Say ($head + ',"p":' + ($i + 1) + ',"n":' + $count + ',"d":"' + $piece + '"}')
  }
}

# A block prints its value, or why there is none: a type and a code, never a message.
function Block($name, $body) {
  try {
    [void](Left 3)
    $answer = @(& $body)[-1]
    Emit $name (Json $answer)
  } catch {
    $cause = $_.Exception.GetBaseException()
    $code = $cause.HResult
    if ($cause.StatusCode -is [uint32]) { $code = $cause.StatusCode }
    $head = 'MONSHIN1 {"b":"' + $name + '","i":"' + $instance + '","t":"' + (Iso (Get-Date)) + '"'
    Say ($head + ',"e":"' + $cause.GetType().FullName + ': ' + ('0x{0:X8}' -f $code) + '"}')
  }
}

# Start of an object. Fields that cannot be read are named in unread.
function Fields() {
  $fields = New-Object System.Collections.Specialized.OrderedDictionary
  $fields['unread'] = New-Object System.Collections.ArrayList
  $fields
}
function One($fields, $field, $body) {
  try { $fields[$field] = & $body } catch { [void]$fields['unread'].Add($field) }
}
function Many($fields, $field, $body) {
  try { $fields[$field] = @(& $body) } catch { [void]$fields['unread'].Add($field) }
}

function Attempt($body) { try { & $body } catch { $null } }
# A time in UTC; nothing where its year is none that anybody means.
function Iso($date) {
  if (-not $date -or $date.Year -lt 1981 -or $date.Year -gt 2199) { return }
  $date.ToUniversalTime().ToString('yyyy-MM-ddTHH:mm:ssZ', [cultureinfo]::InvariantCulture)
}
function Reg($path, $name) { Attempt { (Get-Item -LiteralPath $path).GetValue($name) } }
function RegInt($path, $name) { $read = Reg $path $name; if ($null -ne $read) { [int64]$read } }
function Cim($class, $filter) {
  if ($filter) { return Get-CimInstance -ClassName $class -Filter $filter -OperationTimeoutSec (Left 15) }
  Get-CimInstance -ClassName $class -OperationTimeoutSec (Left 15)
}
function ServiceState($name) {
  $service = Get-Service -Name $name -ErrorAction SilentlyContinue
  if (-not $service) { return @{ status = 'Missing' } }
  $start = [string](Attempt { $service.StartType })
  if ($start) { return @{ status = [string]$service.Status; start_type = $start } }
  @{ status = [string]$service.Status }
}

# Events, newest first. None is an answer; a log that cannot be read is an error.
function Events($log, $query, $most) {
  try { Get-WinEvent -LogName $log -FilterXPath $query -MaxEvents $most } catch {
    if ($_.FullyQualifiedErrorId -notlike 'NoMatchingEventsFound*') { throw }
  }
}

# Runs what may hang, such as a question to a domain controller, for some seconds.
function Within($most, $body, $argument) {
  $shell = [powershell]::Create()
  [void]$shell.AddScript('$ErrorActionPreference = "Stop"; $ProgressPreference = "SilentlyContinue"')
  [void]$shell.AddStatement().AddScript($body.ToString()).AddArgument($argument)
  $run = $shell.BeginInvoke()
  if (-not $run.AsyncWaitHandle.WaitOne(1000 * (Left $most))) {
    [void]$shell.BeginStop($null, $null)
    throw (New-Object System.TimeoutException)
  }
  $shell.EndInvoke($run)
}

# Runs a program of AWS that prints JSON, for some seconds.
function Program($most, $path, $words) {
  $start = New-Object System.Diagnostics.ProcessStartInfo($path, $words)
  $start.UseShellExecute = $false
  $start.CreateNoWindow = $true
  $start.RedirectStandardOutput = $true
  $start.RedirectStandardError = $true
  $process = [System.Diagnostics.Process]::Start($start)
  $output = $process.StandardOutput.ReadToEndAsync()
  [void]$process.StandardError.ReadToEndAsync()
  if (-not $process.WaitForExit(1000 * (Left $most))) {
    $process.Kill()
    throw (New-Object System.TimeoutException)
  }
  ConvertFrom-Json $output.Result
}

# Which instance this is, from the metadata service, not through a proxy.
function Metadata($method, $path, $header, $value) {
  $ask = [System.Net.WebRequest]::Create('http://169.254.169.254/latest/' + $path)
  $ask.Proxy = $null
  $ask.Timeout = 2000
  $ask.Method = $method
  if ($method -eq 'PUT') { $ask.ContentLength = 0 }
  $ask.Headers.Add($header, $value)
  $reply = $ask.GetResponse()
  try { (New-Object System.IO.StreamReader($reply.GetResponseStream())).ReadToEnd() } finally { $reply.Close() }
}
$instance = [string](Attempt {
  $token = Metadata 'PUT' 'api/token' 'X-aws-ec2-metadata-token-ttl-seconds' '60'
  Metadata 'GET' 'meta-data/instance-id' 'X-aws-ec2-metadata-token' $token
})
if ($instance -cnotmatch '^i-[0-9a-f]{8,17}$') { $instance = '' }
