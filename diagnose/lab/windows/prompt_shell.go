package windows

import (
	"errors"
	"slices"
	"strings"
	"time"
)

// shell is what a PowerShell remembers from line to line.
type shell struct {
	language int
	page     int // the console's code page
	seat     Seat
	module   bool // the module of EC2Launch v1 is imported
	code     int  // the exit code of the last line
}

// say picks the guest's language.
func (s *shell) say(en, ja string) string {
	if s.language == Japanese {
		return ja
	}
	return en
}

// note is something that the simulation says, and no Windows would.
func (s *shell) note(en, ja string) string {
	return "\x1b[36m" + plain(s.say("[simulation] "+en, "[模擬] "+ja)) + "\x1b[m"
}

// run is one line that is being run.
type run struct {
	h         *Host
	o         Surroundings
	shell     *shell
	cols      int
	line      string
	out       strings.Builder
	restarted bool // the SSM Agent was
	ended     bool // the session is
}

func (r *run) say(en, ja string) string { return r.shell.say(en, ja) }

// program is one command. ok is false where it failed; what a program of Windows says
// to that is in its text, what a cmdlet says has been written already.
type program func(r *run, c command) (v result, ok bool)

// programs are the commands by their lower-case names; shown are those of help.
func programs() (all map[string]program, shown []string) {
	all = map[string]program{}
	for _, group := range []map[string]program{systemPrograms(), accountPrograms(), networkPrograms(), routePrograms(), servicePrograms(), licensePrograms(), cimPrograms()} {
		for name, p := range group {
			all[strings.ToLower(name)] = p
			shown = append(shown, name)
		}
	}
	slices.SortFunc(shown, func(a, b string) int { return strings.Compare(strings.ToLower(a), strings.ToLower(b)) })
	for alias, of := range map[string]string{"clear": "cls", "clear-host": "cls", "gsv": "get-service", "tnc": "test-netconnection", "gcim": "get-ciminstance"} {
		all[alias] = all[of]
	}
	return all, shown
}

// env are the variables of the environment that commands are written with.
func (r *run) env() map[string]string {
	return map[string]string{
		"windir": `C:\Windows`, "systemroot": `C:\Windows`, "systemdrive": "C:", "programdata": `C:\ProgramData`, "programfiles": `C:\Program Files`,
		"computername": r.h.Name, "username": SessionUser, "userdomain": r.h.Name,
	}
}

// all runs the statements of a line, one after the other.
func (r *run) all(line string) {
	statements, err := parse(line, r.env())
	var beyond errBeyond
	switch {
	case errors.As(err, &beyond):
		r.beyond("PowerShell", beyond.what)
		r.shell.code = 1
		return
	case err != nil:
		r.out.WriteString(red(r.say("The string or the block is missing its end.\n    + CategoryInfo          : ParserError: (:) [], ParentContainsErrorRecordException",
			"文字列またはブロックに終端記号がありません。\n    + CategoryInfo          : ParserError: (:) [], ParentContainsErrorRecordException")) + "\n\n")
		r.shell.code = 1
		return
	}
	for _, pipeline := range statements {
		v, ok := r.pipeline(pipeline, 0)
		r.shell.code = 0
		if !ok {
			r.shell.code = 1
		}
		r.out.WriteString(v.draw(r.cols))
		if r.ended {
			r.shell.code = exitCode(pipeline[0])
			return
		}
	}
}

func (r *run) pipeline(p []command, depth int) (v result, ok bool) {
	if v, ok = r.first(p[0], depth); !ok && v.text == "" {
		return result{}, false
	}
	for _, c := range p[1:] {
		var goes bool
		if v, goes = r.stage(c, v); !goes {
			return result{}, false
		}
	}
	return v, ok
}

// first runs the first command of a pipeline, which may be an expression in brackets.
func (r *run) first(c command, depth int) (result, bool) {
	w := c[0]
	if w.raw == paren && len(c) == 1 && depth < maxDepth {
		inner, err := parse(w.text, r.env())
		if err != nil || len(inner) != 1 {
			return result{}, r.beyond("PowerShell", "("+w.text+")"+w.member)
		}
		v, ok := r.pipeline(inner[0], depth+1)
		if !ok {
			return v, false
		}
		return r.member(v, w)
	}
	if w.raw != noBracket {
		return result{}, r.beyond("PowerShell", w.text)
	}
	all, _ := programs()
	if p := all[programName(w.text)]; p != nil {
		return p(r, c)
	}
	return result{}, r.unknown(w.text)
}

// member takes a property of what an expression gave; of methods there is the one
// that turns local time into UTC.
func (r *run) member(v result, w word) (result, bool) {
	name, ok := strings.CutPrefix(w.member, ".")
	switch {
	case w.member == "":
		return v, true
	case !ok || name == "":
		return v, r.beyond("PowerShell", w.member)
	case strings.EqualFold(name, "ToUniversalTime()"):
		if len(v.objects) == 1 {
			if t, ok := v.objects[0].get("Utc"); ok {
				at, err := time.Parse(time.RFC3339, t)
				if err == nil {
					return result{text: "\n" + r.longTime(at) + "\n\n\n"}, true
				}
			}
		}
		return v, r.beyond("PowerShell", w.member)
	case strings.ContainsAny(name, ".()["):
		return v, r.beyond("PowerShell", w.member)
	}
	return result{text: values(v.objects, name)}, true
}

// programName is the name of a command without its folder and its ending.
func programName(s string) string {
	s = strings.ToLower(s)
	if n := strings.LastIndexAny(s, `\/`); n >= 0 {
		s = s[n+1:]
	}
	for _, ending := range []string{".exe", ".vbs", ".com"} {
		s = strings.TrimSuffix(s, ending)
	}
	return s
}

// unknown says that the simulation does not know a command, and what it knows.
func (r *run) unknown(name string) bool {
	_, shown := programs()
	r.out.WriteString(r.shell.note("monshin simulates this Windows, and does not know \""+name+"\". It knows:",
		"monshin が模擬する Windows のため、「"+name+"」は実行できない。対応コマンド:") + "\n")
	r.out.WriteString(wrapped(shown, r.cols))
	return false
}

// beyond says that a command is known, but not this of it.
func (r *run) beyond(name, what string) bool {
	if what == "" {
		what = "…"
	}
	r.out.WriteString(r.shell.note(name+": \""+what+"\" is not simulated; nothing was done.", name+": 「"+what+"」は模擬の対象外（何も実行していない）。") + "\n")
	return false
}

// wrapped sets words into lines.
func wrapped(words []string, cols int) string {
	var b strings.Builder
	n := 0
	for _, w := range words {
		if n > 0 && n+2+textCells(w) >= cols {
			b.WriteString("\n")
			n = 0
		}
		if n > 0 {
			b.WriteString("  ")
			n += 2
		}
		b.WriteString(w)
		n += textCells(w)
	}
	return b.String() + "\n"
}

func red(s string) string { return "\x1b[91m" + s + "\x1b[m" }

// fail is an error of a cmdlet, as PowerShell writes it.
func (r *run) fail(cmdlet, en, ja string) bool {
	r.out.WriteString(red(plain(cmdlet+" : "+r.say(en, ja)+"\n"+r.say("At line:1 char:1", "発生場所 行:1 文字:1")+"\n+ "+r.line)) + "\n\n")
	return false
}

// warn is a warning.
func (r *run) warn(en, ja string) {
	r.out.WriteString("\x1b[93m" + plain(r.say("WARNING: "+en, "警告: "+ja)) + "\x1b[m\n")
}

// notRecognized is PowerShell that finds no such command.
func (r *run) notRecognized(name string) bool {
	return r.fail(name, "The term '"+name+"' is not recognized as the name of a cmdlet, function, script file, or operable program. Check the spelling of the name, or if a path was included, verify that the path is correct and try again.",
		"用語 '"+name+"' は、コマンドレット、関数、スクリプト ファイル、または操作可能なプログラムの名前として認識されません。名前が正しく記述されていることを確認し、パスが含まれている場合はそのパスが正しいことを確認してから、再試行してください。")
}

// bound are the parameters of a cmdlet by their names. A switch is there without a
// value.
type bound map[string][]string

func (b bound) has(name string) bool { _, ok := b[name]; return ok }

// get is the first value of a parameter.
func (b bound) get(name string) string {
	if v := b[name]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// bind takes a cmdlet's parameters apart: "Name" has a value, "Name 0" is also the one
// at that position, "Name ?" is a switch. Names may be cut short, as in PowerShell. What
// is not named is not simulated, which is said.
func (r *run) bind(c command, parameters ...string) (bound, bool) {
	type parameter struct {
		name string
		flag bool
	}
	var known []parameter
	var positions []string
	for _, p := range append(parameters, "ErrorAction", "Confirm ?", "Verbose ?") {
		name, mark, _ := strings.Cut(p, " ")
		known = append(known, parameter{name, mark == "?"})
		if mark != "" && mark != "?" {
			positions = append(positions, name)
		}
	}
	find := func(name string) (found parameter, ok bool) {
		n := 0
		for _, p := range known {
			if strings.EqualFold(p.name, name) {
				return p, true
			}
			if len(name) <= len(p.name) && strings.EqualFold(p.name[:len(name)], name) {
				found = p
				n++
			}
		}
		return found, n == 1
	}
	b := bound{}
	for n := 1; n < len(c); n++ {
		w := c[n]
		name := ""
		if text, is := strings.CutPrefix(w.text, "-"); is && !w.quoted && w.raw == noBracket && text != "" {
			text, value, given := strings.Cut(text, ":")
			p, ok := find(text)
			if !ok {
				return nil, r.beyond(c[0].text, w.text)
			}
			switch {
			case p.flag && given && strings.EqualFold(value, "$false"):
				continue
			case p.flag:
				b[p.name] = nil
				continue
			case given && value != "":
				b[p.name] = []string{value}
				continue
			}
			name = p.name
			if n++; n == len(c) {
				return nil, r.fail(c[0].text, "Missing an argument for parameter '"+p.name+"'.", "パラメーター '"+p.name+"' の引数が指定されていません。")
			}
		} else {
			if len(positions) == 0 {
				return nil, r.beyond(c[0].text, w.text)
			}
			name, positions = positions[0], positions[1:]
		}
		// A list goes on behind a comma, before which or behind which there may be spaces.
		b[name] = items(c[n])
		for n+1 < len(c) && (strings.HasSuffix(c[n].text, ",") || strings.HasPrefix(c[n+1].text, ",")) {
			n++
			b[name] = append(b[name], items(c[n])...)
		}
		if b[name] == nil {
			b[name] = []string{""}
		}
		positions = slices.DeleteFunc(positions, func(p string) bool { return p == name })
	}
	return b, true
}

// items are the values of a word: a list of them where it is not quoted.
func items(w word) []string {
	if w.quoted || w.raw != noBracket {
		return []string{strings.TrimSuffix(w.text, ",")}
	}
	return slices.DeleteFunc(strings.Split(w.text, ","), func(s string) bool { return s == "" })
}
