package runbook

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/monshin/monshin/diagnose/lang"
)

func library(t testing.TB) *Library {
	t.Helper()
	l, err := Embedded(known(t))
	if err != nil {
		t.Fatalf("the embedded trees have mistakes:\n%v", err)
	}
	return l
}

// What people paste: whole dialogs, log lines with ids and times, half a sentence
// from a chat, in whatever width their keyboard was in.
func TestAPastedMessageFindsItsSymptom(t *testing.T) {
	l := library(t)
	for _, c := range []struct {
		want  Symptom
		paste string
	}{
		{RDPRefused, "お使いの資格情報は機能しませんでした"},
		{RDPRefused, "「お使いの資格情報は機能しませんでした。ADMIN01 への接続に使用された資格情報は機能しませんでした。新しい資格情報を入力してください。」と表示されます"},
		{RDPRefused, "Your credentials did not work\r\nThe credentials that were used to connect to 10.0.3.21 did not work. Please enter new credentials.\r\nThe logon attempt failed"},
		{RDPRefused, "このコンピューターとプライマリ ドメインとの間の信頼関係に失敗しました"},
		{RDPRefused, "このワークステーションとプライマリドメインとの信頼関係に失敗しました。"},
		{RDPRefused, "The trust relationship between this workstation and the primary domain failed."},
		{RDPRefused, "ライセンスを提供するためのリモート デスクトップ ライセンス サーバーがないため、リモート セッションは切断されました。\nサーバーの管理者に問い合わせてください。"},
		{RDPRefused, "An authentication error has occurred.\nThe function requested is not supported\n\nRemote computer: app-07\nThis could be due to CredSSP encryption oracle remediation.\nFor more information, see https://go.microsoft.com/fwlink/?linkid=866660"},
		{RDPRefused, "The remote computer that you are trying to connect to requires Network Level Authentication (NLA), but your Windows domain controller cannot be contacted to perform NLA."},
		{RDPRefused, "参照されたアカウントは現在ロックアウトされているため、ログオンできません。"},
		{RDPRefused, "To sign in remotely, you need the right to sign in through Remote Desktop Services. By default members of the Administrators group have this right."},
		{RDPRefused, "このコンピューターへの接続数が制限されており、すべての接続が使用中です。後で接続してください"},
		{RDPNoScreen, "リモート デスクトップは、次のいずれかの理由により、リモート コンピューターに接続できません:\n\n1) サーバーへのリモート アクセスが有効になっていません\n2) リモート コンピューターの電源がオフになっています\n3) リモート コンピューターがネットワークで利用できません"},
		{RDPNoScreen, "Remote Desktop can't connect to the remote computer for one of these reasons:\n1) Remote access to the server is not enabled\n2) The remote computer is turned off\n3) The remote computer is not available on the network"},
		{RDPNoScreen, "We couldn’t connect to the remote PC. Make sure the PC is turned on and connected to the network, and that remote access is enabled. Error code: 0x204"},
		{RDPNoScreen, "WARNING: TCP connect to (10.1.2.3 : 3389) failed\nComputerName : 10.1.2.3\nRemotePort : 3389\nTcpTestSucceeded : False"},
		{RDPNoScreen, "踏み台からRDPがタイムアウトしてつながらない"},
		{NoSession, "TargetNotConnected"},
		{NoSession, "An error occurred (TargetNotConnected) when calling the StartSession operation: i-0a1b2c3d4e5f60718 is not connected."},
		{NoSession, "SessionManagerPlugin is not found. Please refer to SessionManager Documentation here: http://docs.aws.amazon.com/console/systems-manager/session-manager-plugin-not-found"},
		{NoSession, "SSM Agent がオンラインではありません\nSSM Agent は Systems Manager エンドポイントに接続してサービスに登録できませんでした。"},
		{NoSession, "ｾｯｼｮﾝﾏﾈｰｼﾞｬｰで接続できない"},
		{NotInSystemsManager, "An error occurred (InvalidInstanceId) when calling the SendCommand operation: Instances [[i-0a1b2c3d4e5f60718]] not in a valid state for account 111122223333"},
		{NotInSystemsManager, "フリートマネージャーにインスタンスが出てこない"},
		{NotInSystemsManager, "SSM に出てこない"},
		{NotInSystemsManager, "2026-11-20 15:02:11 ERROR [ssm-agent-worker] AccessDeniedException: User: arn:aws:sts::111122223333:assumed-role/app/i-0a1b2c3d4e5f60718 is not authorized to perform: ssm:UpdateInstanceInformation on resource: arn:aws:ec2:ap-northeast-1:111122223333:instance/i-0a1b2c3d4e5f60718"},
		{NotInSystemsManager, "no valid credentials could be retrieved for ec2 identity. Default Host Management Err: error calling RequestManagedInstanceRoleToken"},
		{NotInSystemsManager, "ping ステータスが「接続が失われました」になっている"},
		{NotActivated, "0xC004F074"},
		{NotActivated, "０ｘＣ００４Ｆ０７４"},
		{NotActivated, "C004F074"},
		{NotActivated, "エラー: 0xC004F074 ソフトウェア ライセンス サービスで、製品のライセンス認証ができなかったことが報告されました。キー管理サービス (KMS) に接続できませんでした。詳細については、アプリケーション イベント ログを参照してください。"},
		{NotActivated, "Error: 0xC004F069 On a computer running Microsoft Windows non-core edition, run 'slui.exe 0x2a 0xC004F069' to display the error text."},
		{NotActivated, "画面右下に「Windows のライセンス認証 設定を開き、Windows のライセンス認証を行ってください。」という透かしが出る"},
		{NotActivated, "slmgr /ato"},
		{DomainJoin, "The specified domain either does not exist or could not be contacted"},
		{DomainJoin, "Add-Computer : Computer 'EC2AMAZ-1A2B3C4' failed to join domain 'corp.example.local' from its current workgroup 'WORKGROUP' with following error message: The specified domain either does not exist or could not be contacted."},
		{DomainJoin, "指定されたドメインがないか、またはアクセスできません。"},
		{DomainJoin, "ドメイン \"corp.example.local\" の Active Directory ドメイン コントローラー (AD DC) に接続できませんでした。"},
		{DomainJoin, "The error was: \"DNS name does not exist.\"\n(error code 0x0000232B RCODE_NAME_ERROR)\n\nThe query was for the SRV record for _ldap._tcp.dc._msdcs.corp.example.local"},
		{NoPassword, "Password is not available yet.\nPlease wait at least 4 minutes after launching an instance before trying to retrieve the auto-generated password."},
		{NoPassword, "パスワードはまだ利用できません。"},
		{NoPassword, "このインスタンスはキーペアを指定せずに起動されました。"},
		{NoPassword, "2026-11-20 06:01:12 Warning: Skipping task preReady-setAdminAccount-0"},
		{OfficeTerminates, "This instance's VPC is peered with multiple VPCs that each have a registered Active Directory."},
		{OfficeTerminates, "Office 付きの EC2 が数分で終了してしまう"},
		{OfficeTerminates, "userIdentity: arn:aws:sts::111122223333:assumed-role/AWSServiceRoleForAWSLicenseManagerUserSubscriptionsService/license-manager"},
		{OfficeNotLicensed, "Excel のタイトルバーに「ライセンスのない製品」と出ます"},
		{OfficeNotLicensed, "Word (Unlicensed Product)"},
		{InstanceGone, "An error occurred (InvalidInstanceID.NotFound) when calling the DescribeInstances operation: The instance ID 'i-0a1b2c3d4e5f60718' does not exist"},
		{InstanceGone, "Client.UserInitiatedShutdown: User initiated shutdown"},
		{InstanceGone, "サーバーが消えた"},
		{InstanceGone, "昨夜から EC2 が落ちています"},
		{Cloned, "There is a partial mismatch in the machine ID. This indicates that the ticket has either been manipulated or it belongs to a different boot session. Failing authentication."},
		{Cloned, "AMI から作成した 2 台が WSUS で 1 台に見える"},
		{Cloned, "Sysprep で Windows のインストールを検証できませんでした。詳細は %WINDIR%\\System32\\Sysprep\\Panther\\setupact.log を参照してください"},
		{Everything, "一通り"},
	} {
		hits := l.Search(c.paste)
		// The machine ID message belongs to two symptoms by right.
		second := c.want == Cloned && len(hits) > 1 && hits[1].Symptom == c.want
		if len(hits) == 0 || hits[0].Symptom != c.want && !second {
			t.Errorf("%q\n points to %+v, want %s", c.paste, hits, c.want)
		}
	}
}

func TestTypingFindsLabelsAndWords(t *testing.T) {
	l := library(t)
	for _, c := range []struct {
		typed string
		want  []Symptom // among the hits, in this order
	}{
		{"rdp", []Symptom{RDPNoScreen, RDPRefused}},
		{"ＲＤＰ", []Symptom{RDPNoScreen, RDPRefused}},
		{"リモート", []Symptom{RDPNoScreen, RDPRefused}},
		{"ssm", []Symptom{NotInSystemsManager}},
		{"off", []Symptom{OfficeNotLicensed}},
		{"office-t", []Symptom{OfficeTerminates}},
		{"ライセンス認証", []Symptom{NotActivated, OfficeNotLicensed}},
		{"ﾄﾞﾒｲﾝ", []Symptom{DomainJoin}},
		{"sid", []Symptom{Cloned}},
		{"3389", []Symptom{RDPNoScreen}},
		{"TargetNot", []Symptom{NoSession}},
		{"消え", []Symptom{InstanceGone}},
		{"サーバ", []Symptom{RDPRefused}}, // サーバー
	} {
		var got []Symptom
		for _, h := range l.Search(c.typed) {
			got = append(got, h.Symptom)
		}
		at := 0
		for _, s := range got {
			if at < len(c.want) && s == c.want[at] {
				at++
			}
		}
		if at < len(c.want) {
			t.Errorf("%q finds %v, want %v among them, in this order", c.typed, got, c.want)
		}
	}
	for _, none := range []string{"!!!", "xyzzy", "a1b2c3d4e5f6a7b8"} {
		if hits := l.Search(none); len(hits) > 0 {
			t.Errorf("%q finds %+v, want nothing", none, hits)
		}
	}
}

// The labels and words that support engineers use for the symptoms.
func TestWordsOfTheTrade(t *testing.T) {
	l := library(t)
	for s, c := range map[Symptom]struct {
		label string
		words []string
	}{
		NotInSystemsManager: {"マネージドノードとして表示されない", []string{"SSM に出ない", "フリートマネージャー", "接続が失われました"}},
		NoSession:           {"セッションマネージャーで接続できない", []string{"TargetNotConnected", "接続ボタンが押せない"}},
		RDPNoScreen:         {"RDP 接続がタイムアウトする", []string{"つながらない", "3389"}},
		RDPRefused:          {"RDP で認証に失敗する・切断される", []string{"資格情報は機能しませんでした", "信頼関係", "NLA", "ライセンス サーバー"}},
		InstanceGone:        {"インスタンスが勝手に終了・停止した", []string{"消えた", "落ちた", "削除された"}},
		OfficeTerminates:    {"Office 付きインスタンスが終了してしまう", []string{"すぐ消える", "数分で終了"}},
		OfficeNotLicensed:   {"Office のライセンスが有効にならない", []string{"ライセンスのない製品", "サブスクリプション"}},
		DomainJoin:          {"ドメインに参加できない", []string{"AD", "参加エラー"}},
		NotActivated:        {"Windows のライセンス認証ができない", []string{"透かし", "slmgr", "0xC004F074"}},
		NoPassword:          {"Windows パスワードを取得できない", []string{"まだ利用できません", "復号"}},
		Cloned:              {"AMI から複製したインスタンスの不具合", []string{"Sysprep", "SID", "WSUS", "クローン"}},
		Everything:          {"一通り確認する（事象が絞れない）", nil},
	} {
		tree, _ := l.Tree(s)
		if tree.Title.Ja != c.label {
			t.Errorf("%s is called %q, want %q", s, tree.Title.Ja, c.label)
		}
		for _, q := range append(c.words, c.label) {
			if hits := l.Search(q); len(hits) == 0 || hits[0].Symptom != s {
				t.Errorf("%q finds %+v, want %s first", q, hits, s)
			}
		}
	}
}

func TestTheEmptyQueryGivesEverySymptomInOrder(t *testing.T) {
	l := library(t)
	for _, q := range []string{"", "  \n\t", "\u3000"} {
		var got []Symptom
		for _, h := range l.Search(q) {
			got = append(got, h.Symptom)
		}
		if d := cmp.Diff(Symptoms(), got); d != "" {
			t.Errorf("%q (-want +got):\n%s", q, d)
		}
	}
}

// Every word and message of a tree leads back to a tree that has it.
func TestEveryPhraseFindsItsOwnTree(t *testing.T) {
	l := library(t)
	for _, tree := range l.Trees() {
		phrases := slices.Concat(tree.Search, tree.Messages, []string{tree.Title.In(lang.Ja), tree.Title.In(lang.En), string(tree.Symptom)})
		for _, p := range phrases {
			hits := l.Search(p)
			if !slices.ContainsFunc(hits, func(h Hit) bool { return h.Symptom == tree.Symptom }) {
				t.Errorf("%s: its own phrase %q finds only %+v", tree.Symptom, p, hits)
			}
		}
		for _, p := range tree.Messages {
			hits := l.Search("2026-11-20T15:21:07Z i-0a1b2c3d4e5f60718: " + p + "\r\n")
			if len(hits) == 0 || hits[0].Symptom != tree.Symptom && !slices.ContainsFunc(l.Trees(), func(o *Tree) bool {
				return o.Symptom == hits[0].Symptom && slices.Contains(o.Messages, p)
			}) {
				t.Errorf("%s: its message %q, pasted with a prefix, finds %+v", tree.Symptom, p, hits)
			}
		}
	}
}

func TestSearchIsTheSameEachTime(t *testing.T) {
	l, again := library(t), library(t)
	rapid.Check(t, func(t *rapid.T) {
		q := rapid.OneOf(rapid.String(), rapid.StringOfN(rapid.RuneFrom([]rune("aRdpSsM０３日本語ドメインーﾄﾞ -.\n")), 0, 30, -1)).Draw(t, "query")
		if d := cmp.Diff(l.Search(q), again.Search(q)); d != "" {
			t.Fatalf("two searches for %q differ:\n%s", q, d)
		}
		if d := cmp.Diff(l.Search(strings.ToUpper(q)), l.Search(strings.ToLower(strings.ToUpper(q)))); d != "" {
			t.Fatalf("case matters for %q:\n%s", q, d)
		}
	})
}

func FuzzSearch(f *testing.F) {
	l := library(f)
	for _, s := range []string{"", "rdp", "0xC004F074", "\xff\xfe", "ﾊﾟｽﾜｰﾄﾞ", strings.Repeat("あ", 9000)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, q string) {
		for _, h := range l.Search(q) {
			if _, ok := l.Tree(h.Symptom); !ok {
				t.Errorf("%q finds %q, which does not exist", q, h.Symptom)
			}
		}
		if folded := fold(q); !utf8.ValidString(folded) {
			t.Errorf("folding %q gives invalid UTF-8", q)
		}
	})
}

func BenchmarkSearch(b *testing.B) {
	l := library(b)
	paste := strings.Repeat("An error occurred (TargetNotConnected) when calling the StartSession operation. ", 20)
	for _, c := range []struct{ name, q string }{{"typed", "rdp"}, {"pasted", paste}} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				l.Search(c.q)
			}
		})
	}
}
