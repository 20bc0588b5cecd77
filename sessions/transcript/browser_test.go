package transcript_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/lab"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/sessions/transcript"
)

// browserWait is how long one start of a browser may take: ten times what it takes on a
// machine that does much else.
const browserWait = 90 * time.Second

// browser finds a Chromium that starts; the test is skipped where there is none.
func browser(t *testing.T) func(args ...string) []byte {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		t.Skip("no Chromium on this machine: the HTML report was not rendered")
	}
	profile := filepath.Join(t.TempDir(), "profile")
	run := func(args ...string) ([]byte, error) {
		ctx, cancel := context.WithTimeout(t.Context(), browserWait)
		defer cancel()
		cmd := exec.CommandContext(ctx, path, args...)
		cmd.WaitDelay = 5 * time.Second
		out, err := cmd.Output()
		if ctx.Err() != nil && t.Context().Err() == nil {
			err = context.DeadlineExceeded
		}
		return out, err
	}
	if _, err := run("--version"); err != nil {
		t.Skipf("%s does not start (%v): the HTML report was not rendered", path, err)
	}
	return func(args ...string) []byte {
		t.Helper()
		// A report fetches nothing; a browser of its own accord must not either.
		out, err := run(append([]string{"--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-extensions", "--disable-sync",
			"--disable-background-networking", "--disable-component-update", "--host-resolver-rules=MAP * ~NOTFOUND", "--allow-file-access-from-files", "--user-data-dir=" + profile}, args...)...)
		if errors.Is(err, context.DeadlineExceeded) {
			t.Skipf("%s did not answer within %v: the HTML report was not rendered", path, browserWait)
		}
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		return out
	}
}

// measure looks at the pages in the frames of a page around them: a report itself runs
// nothing. It says what is wider than its place, lies upon something else, can hardly
// be read, or is not on the first screen.
const measure = `
const bad=[];
const rgb=c=>{const m=c.match(/[\d.]+/g).map(Number);return {r:m[0],g:m[1],b:m[2],a:m.length>3?m[3]:1}};
const lum=c=>{const f=v=>{v/=255;return v<=.03928?v/12.92:Math.pow((v+.055)/1.055,2.4)};return .2126*f(c.r)+.7152*f(c.g)+.0722*f(c.b)};
const ratio=(a,b)=>{const x=lum(a),y=lum(b);return (Math.max(x,y)+.05)/(Math.min(x,y)+.05)};
function look(f){
 const d=f.contentDocument,w=f.contentWindow,page=d.documentElement,name=f.id+": ",say=s=>bad.push(name+s);
 if(dark!==w.matchMedia("(prefers-color-scheme: dark)").matches)say("the scheme is not the one that was asked for");
 if(page.scrollWidth>page.clientWidth)say("the page is "+page.scrollWidth+" wide of "+page.clientWidth);
 if(d.title==="run"||d.querySelector("script,iframe,form,object,embed"))say("something runs");
 if(!d.querySelector(".verdict")||d.querySelector(".verdict").getBoundingClientRect().top>450)say("the conclusion is not at the top");
 for(const e of d.querySelectorAll("body *")){
  if(e.closest("svg")||e.classList.contains("visually-hidden")||e.closest(".visually-hidden"))continue;
  const b=e.getBoundingClientRect(),st=w.getComputedStyle(e);
  if(b.width&&b.right>page.clientWidth+1)say(e.tagName+" ends at "+Math.round(b.right)+": "+e.textContent.slice(0,40));
  if(["TD","TH","PRE","LI","P"].includes(e.tagName)&&e.scrollWidth>e.clientWidth+1&&e.clientWidth)say(e.tagName+" overflows: "+e.textContent.slice(0,40));
  if([...e.childNodes].some(n=>n.nodeType===3&&n.data.trim())&&b.width){
   let p=e,back={r:0,g:0,b:0,a:0};
   while(p&&(back=rgb(w.getComputedStyle(p).backgroundColor)).a===0)p=p.parentElement;
   if(!p)back=dark?{r:0,g:0,b:0,a:1}:{r:255,g:255,b:255,a:1};
   const c=ratio(rgb(st.color),back);
   if(c<4.5)say("contrast "+c.toFixed(1)+": "+e.textContent.slice(0,40));
  }
 }
 for(const s of d.querySelectorAll("svg")){
  const box=s.viewBox.baseVal;
  for(const x of s.querySelectorAll("text")){const b=x.getBBox();if(b.x+b.width>box.width+1||b.y+b.height>box.height+1)say("leaves its picture: "+x.textContent)}
  for(const g of s.querySelectorAll("g")){const t=[...g.querySelectorAll("text")].map(x=>x.getBBox());for(let i=1;i<t.length;i++)if(t[i-1].x+t[i-1].width>t[i].x+1)say("words lie upon each other: "+g.textContent)}
 }
}
onload=()=>{
 document.querySelectorAll("iframe").forEach(look);
 out.textContent="MEASURED "+(bad.slice(0,30).join("\n")||"fine");
};
`

// Rendered by a browser, narrow and wide, light and dark: nothing is wider than its
// place, nothing lies upon something else, everything can be read.
func TestHTMLInABrowser(t *testing.T) {
	t.Parallel()
	start := browser(t)
	cat, dir := catalogue(t), t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return "file://" + path
	}
	sessions := map[string]transcript.Session{"office": office()}
	for _, s := range lab.Scenarios() {
		if s.Name == "many-causes" || s.Name == "operator-denied" {
			sessions[s.Name] = lived(walked(t, cat, s))
		}
	}
	if len(sessions) != 3 {
		t.Fatalf("only %d sessions", len(sessions))
	}
	frames, last := "", ""
	for name, s := range sessions {
		i := s.Diagnosis.Instance.Value()
		i.Name = "<script>document.title='run'</script>"
		s.Diagnosis.Instance = fact.Known(i, fact.Origin{})
		for _, l := range lang.All() {
			file := fmt.Sprintf("%s.%s.html", name, l)
			last = write(file, export(t, s, cat, transcript.AsHTML, l, transcript.Internal))
			for _, width := range []int{360, 768, 1280} {
				frames += fmt.Sprintf(`<iframe id="%s.%d" width=%d height=900 style="border:0" src="%s"></iframe>`, file, width, width, file)
			}
		}
	}
	for _, scheme := range []struct{ name, dark, flag string }{
		{"light", "false", "--blink-settings=preferredColorScheme=1"}, {"dark", "true", "--blink-settings=preferredColorScheme=0"},
	} {
		outer := write(scheme.name+".html", `<!DOCTYPE html><meta charset="utf-8"><body style="margin:0"><pre id=out></pre>`+frames+`<script>const dark=`+scheme.dark+`;`+measure+`</script>`)
		dom := string(start(scheme.flag, "--virtual-time-budget=8000", "--dump-dom", outer))
		_, found, _ := strings.Cut(dom, `<pre id="out">MEASURED `)
		if found, _, _ = strings.Cut(found, "</pre>"); found != "fine" {
			t.Errorf("%s: %s", scheme.name, found)
		}
	}
	pdf := filepath.Join(dir, "report.pdf")
	start("--no-pdf-header-footer", "--print-to-pdf="+pdf, last)
	b, err := os.ReadFile(pdf)
	if err != nil || !strings.HasPrefix(string(b), "%PDF-") || !strings.Contains(string(b), "/Type /Page") {
		t.Errorf("it does not print: %v, %d bytes", err, len(b))
	}
}
