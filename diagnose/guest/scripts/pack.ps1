# The collected lines as one.
$plain = [System.Text.Encoding]::ASCII.GetBytes(($collected -join "`n"))
$memory = New-Object System.IO.MemoryStream
$gzip = New-Object System.IO.Compression.GZipStream($memory, [System.IO.Compression.CompressionMode]::Compress)
$gzip.Write($plain, 0, $plain.Length)
$gzip.Close()
$packed = [Convert]::ToBase64String($memory.ToArray())
$reply = 'MONSHIN1A ' + $packed.Length + ' ' + $packed
