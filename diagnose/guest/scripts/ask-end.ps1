# The line is to be sent back. It is also put on the clipboard.
Attempt { Set-Clipboard -Value $reply }
$reply
