package cloud

import (
	"regexp"
	"strings"
)

// masked stands where a secret was. It is the same in every language.
const masked = "********"

// A value is a quoted string (with the quotes doubled or escaped inside), a quoted
// string without its end, or one word.
const secretValue = `("(?:[^"\\]|\\.|"")*"|'(?:[^']|'')*'|["'][^\n]*|[^\s"']\S*)`

// secretWord is what names of secrets end with.
const secretWord = `(?:password|passwd|passphrase|pwd|パスワード|secret|secret[ _-]?access[ _-]?key|secret[ _-]?key|api[ _-]?key|private[ _-]?key|client[ _-]?secret|(?:session|security|access|auth|bearer|refresh)[ _-]?token)`

// hidings are the forms in which secrets stand in outputs of Windows and of scripts.
// What they hide too much is lost evidence; what they miss is a leak, so each takes
// more rather than less.
var hidings = []struct {
	form *regexp.Regexp
	by   string
}{
	// Keys in PEM, to the end of the text where the end mark was cut off.
	{regexp.MustCompile(`(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)`), masked},
	// EC2's console output and answer files of Windows Setup.
	{regexp.MustCompile(`(?is)<((?:\w+:)?\w*password)>.*?(?:</(?:\w+:)?\w*password>|$)`), "<$1>" + masked + "</$1>"},
	// Authorization headers and bearer tokens.
	{regexp.MustCompile(`(?im)\b((?:proxy-)?authorization\s*[:=]\s*)[^\n]+`), "${1}" + masked},
	{regexp.MustCompile(`(?i)\b(bearer\s+)[\w.~+/=-]{8,}`), "${1}" + masked},
	// JSON Web Tokens.
	{regexp.MustCompile(`\beyJ[\w-]+\.[\w-]+\.[\w-]*`), masked},
	// PowerShell: ConvertTo-SecureString "secret" -AsPlainText, -AdminPassword secret.
	{regexp.MustCompile(`(?i)(ConvertTo-SecureString\s+(?:-(?:AsPlainText|Force)\s+)*(?:-String\s+)?)` + secretValue), "${1}" + masked},
	{regexp.MustCompile(`(?i)((?:^|[^\w-])[-/]\w*(?:password|passwd|passphrase|pwd|secret|token|apikey)(?:\s+|\s*[:=]\s*))` + secretValue), "${1}" + masked},
	// net user NAME PASSWORD, net use X: \\PATH PASSWORD; neither an option nor "*".
	{regexp.MustCompile(`(?i)(\bnet1?(?:\.exe)?\s+user\s+(?:"[^"\n]*"|\S+)[ \t]+)("[^"\n]*"|[^\s/*]\S*)`), "${1}" + masked},
	{regexp.MustCompile(`(?i)(\bnet1?(?:\.exe)?\s+use\s+(?:[a-z*]:?\s+)?(?:"\\\\[^"\n]*"|\\\\\S+)[ \t]+)("[^"\n]*"|[^\s/*]\S*)`), "${1}" + masked},
	// "password": "x", Password=x, AdminPassword: x to the end of the line.
	{regexp.MustCompile(`(?im)(["']?` + secretWord + `["']?[ \t]*(?:=|=>)[ \t]*)` + secretValue), "${1}" + masked},
	{regexp.MustCompile(`(?im)("\w*` + secretWord + `"[ \t]*:[ \t]*)` + secretValue), "${1}" + masked},
	{regexp.MustCompile(`(?im)(` + secretWord + `'?[ \t]*[:：][ \t]*)[^\s"][^\n]*`), "${1}" + masked},
	// SecureStrings of the Data Protection API, which begin with its provider's GUID.
	{regexp.MustCompile(`(?i)\b01000000d08c9ddf0115d1118c7a00c04fc297eb[0-9a-f]*`), masked},
	// Access key ids name whose key it is; four characters tell which.
	{regexp.MustCompile(`\b(A[KS]IA)[A-Z0-9]{12}([A-Z0-9]{4})\b`), "${1}" + masked + "${2}"},
	// Product keys keep their last five characters, as slmgr shows them.
	{regexp.MustCompile(`(?i)\b[a-z0-9]{5}(?:-[a-z0-9]{5}){3}-([a-z0-9]{5})\b`), "XXXXX-XXXXX-XXXXX-XXXXX-$1"},
}

var address = regexp.MustCompile(`(?i)\bhttps?://[^\s"'<>]+`)

// signed are the marks of a URL that lets in whoever has it.
var signed = regexp.MustCompile(`(?i)[?&](?:x-amz-signature|x-amz-credential|x-amz-security-token|signature|sig|awsaccesskeyid)=`)

// clues are what every form of a secret holds at least one of, in small letters.
var clues = []string{"pass", "pwd", "パスワード", "secret", "token", "key", "authorization", "bearer", "eyj", "securestring",
	" use", "\tuse", "\nuse", "://", "01000000d08c9ddf", "akia", "asia"}

// fives finds what could be a product key.
var fives = regexp.MustCompile(`-[0-9A-Za-z]{5}-[0-9A-Za-z]{5}-`)

// suspicious is a cheap look before the forms: nearly all strings of an account,
// and there can be ten thousand, hold nothing that they could hide.
func suspicious(s string) bool {
	small := strings.ToLower(s)
	for _, c := range clues {
		if strings.Contains(small, c) {
			return true
		}
	}
	return strings.Count(s, "-") >= 4 && fives.MatchString(s)
}

// freeText is a string of an answer in which somebody may have written anything.
func freeText(s *string) string {
	if s == nil {
		return ""
	}
	return Mask(*s)
}

// Mask hides passwords, keys, tokens, signed URLs and product keys in a text from
// Windows or from a script. It hides what looks like a secret, and a text that it
// leaves alone is not promised to hold none.
func Mask(s string) string {
	if !suspicious(s) {
		return s
	}
	s = address.ReplaceAllStringFunc(s, func(u string) string {
		if !signed.MatchString(u) {
			return u
		}
		path, _, _ := strings.Cut(u, "?")
		return path + "?" + masked
	})
	for _, h := range hidings {
		s = h.form.ReplaceAllString(s, h.by)
	}
	return s
}
