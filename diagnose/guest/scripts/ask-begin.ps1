# Instead of printing each line, collect them.
$collected = New-Object System.Collections.ArrayList
function Say($line) { [void]$collected.Add($line) }
