# monshin changes one thing in this Windows, and says what stood there before and after.
# For Windows PowerShell 5.1. No text that depends on the language of Windows is read.
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

function Attempt($body) { try { & $body } catch { $null } }
function Iso($date) { $date.ToUniversalTime().ToString('yyyy-MM-ddTHH:mm:ssZ', [cultureinfo]::InvariantCulture) }
function Refuse() { throw (New-Object System.InvalidOperationException) }

# A text as JSON in ASCII, whatever the code page.
function Quote($value) {
  $text = [regex]::Replace([string]$value, '[\x00-\x1f\x7f-\x9f]', '?')
  if ($text.Length -gt 700) { $text = $text.Substring(0, 700) }
  '"' + [regex]::Replace($text, '[^ !#-\[\]-~]', { param($c) '\u{0:x4}' -f [int][char]$c.Value }) + '"'
}
function Pairs($values) {
  if ($null -eq $values) { return '{}' }
  $pairs = foreach ($key in @($values.Keys)) { (Quote $key) + ':' + (Quote ($values[$key])) }
  '{' + (@($pairs) -join ',') + '}'
}

# What went wrong: a type and a code, never a message.
function Fault($record) {
  $cause = $record.Exception.GetBaseException()
  $code = $cause.HResult
  if ($cause.StatusCode -is [uint32]) { $code = $cause.StatusCode }
  if ($cause -is [System.ComponentModel.Win32Exception]) { $code = $cause.NativeErrorCode }
  $cause.GetType().FullName + ': ' + ('0x{0:X8}' -f $code)
}

# Looks, acts, looks again. What fails half-way is put back as it was.
function Fix($name, $look, $act, $back) {
  $before = $null
  $after = $null
  $wrong = ''
  try {
    $before = @(& $look)[-1]
    [void](& $act $before)
  } catch {
    $wrong = Fault $_
    if ($before -and $back) { [void](Attempt { & $back $before }) }
  }
  try { $after = @(& $look)[-1] } catch { if (-not $wrong) { $wrong = Fault $_ } }
  $line = 'MONSHIN1 {"b":"fix","i":"' + $instance + '","t":"' + (Iso (Get-Date)) + '","d":{"fix":' + (Quote $name)
  $line += ',"done":' + ($wrong -eq '').ToString().ToLowerInvariant()
  $line += ',"before":' + (Pairs $before) + ',"after":' + (Pairs $after)
  if ($wrong) { $line += ',"error":' + (Quote $wrong) }
  [Console]::Out.WriteLine($line + '} }')
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
