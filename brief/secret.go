package brief

import (
	"path"
	"strings"
)

// secretName reports whether a file of this name is taken for a secret, whatever it
// holds.
func secretName(name string) bool {
	base := original(strings.ToLower(path.Base(name)))
	if base == ".flaskenv" || base == ".env" || strings.HasPrefix(base, ".env.") || strings.HasSuffix(base, ".env") {
		return !sample(base)
	}
	for _, known := range secretBases {
		if base == known {
			return true
		}
	}
	for _, end := range secretEnds {
		if strings.HasSuffix(base, end) && base != end {
			return !sample(base)
		}
	}
	for _, start := range []string{"id_rsa", "id_dsa", "id_ecdsa", "id_ed25519"} { // id_rsa_work
		if strings.HasPrefix(base, start) && !strings.HasSuffix(base, ".pub") && path.Ext(base) == "" {
			return true
		}
	}
	if strings.HasSuffix(base, ".json") && (strings.Contains(base, "service-account") || strings.Contains(base, "firebase-adminsdk")) {
		return !sample(base)
	}
	if strings.Contains(base, ".tfstate.") || strings.Contains(base, ".tfvars") && !sample(base) {
		return true
	}
	dir := "/" + strings.ToLower(path.Dir(name)) + "/"
	for _, known := range secretPaths {
		if strings.HasSuffix(dir+base, known) {
			return true
		}
	}
	return strings.Contains(dir, "/.ssh/") || strings.Contains(dir, "/.gnupg/")
}

// original is the name of a file of which this is a copy that an editor or a person
// left: a copy of a secret is one.
func original(base string) string {
	for {
		short := strings.TrimSuffix(base, "~")
		for _, end := range []string{".bak", ".old", ".orig", ".save", ".backup", ".swp"} {
			short = strings.TrimSuffix(short, end)
		}
		if short == base || short == "" {
			return base
		}
		base = short
	}
}

// sample reports whether a name says that its content is an example.
func sample(base string) bool {
	for _, word := range []string{"example", "sample", "template", "dist", "defaults"} {
		for piece := range strings.FieldsFuncSeq(base, func(r rune) bool { return strings.ContainsRune(".-_", r) }) {
			if piece == word {
				return true
			}
		}
	}
	return false
}

var secretBases = []string{
	"id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", ".npmrc", ".netrc", "_netrc", ".pypirc", ".pgpass", ".my.cnf", ".htpasswd",
	".git-credentials", ".dockercfg", ".envrc", ".vault-token", ".vault_pass", "credentials", "credentials.json", "credentials.yml",
	"credentials.yaml", "credentials.toml", "credentials.xml", "client_secret.json", "client_secrets.json", "service-account.json",
	"service_account.json", "secrets.yml", "secrets.yaml", "secrets.json", "secrets.toml", "secret.yml", "secret.yaml", "secret.json",
	"kubeconfig", "master.key", "terraform.tfstate", ".s3cfg", ".boto", "wallet.dat", "shadow", "local.properties", ".terraformrc", ".databrickscfg",
}

var secretEnds = []string{
	".pem", ".key", ".p8", ".p12", ".pfx", ".jks", ".keystore", ".tfstate", ".kdbx", ".ppk", ".asc.key", ".ovpn", ".kubeconfig", ".pkcs12",
	".der", ".mobileprovision", ".credentials", ".secret", ".secrets",
}

var secretPaths = []string{"/.aws/config", "/.kube/config", "/.docker/config.json", "/.m2/settings.xml", "/.cargo/credentials", "/.gem/credentials"}

// holdsSecret reports whether a text holds a private key, or a token in one of the
// forms that services give theirs.
func holdsSecret(text string) bool {
	for rest := text; ; {
		i := strings.Index(rest, "PRIVATE KEY")
		if i < 0 {
			break
		}
		if keyBlock(rest[max(0, i-40):i], rest[i+len("PRIVATE KEY"):]) {
			return true
		}
		rest = rest[i+len("PRIVATE KEY"):]
	}
	for i := 0; i < len(text); {
		if !tokenByte(text[i]) {
			i++
			continue
		}
		start := i
		for i < len(text) && tokenByte(text[i]) {
			i++
		}
		if i-start >= minToken && isToken(text[start:i]) {
			return true
		}
	}
	return false
}

// keyBlock reports whether after the words PRIVATE KEY of a key's first line comes
// what looks like the key: a program that looks for that line is none. The key may
// stand in a string, its line breaks written as \n.
func keyBlock(before, after string) bool {
	if !strings.Contains(before, "-----BEGIN ") {
		return false
	}
	after = strings.TrimLeft(strings.TrimPrefix(strings.TrimPrefix(after, " BLOCK"), "-----"), " \t\r\n\\nr\"'+,`")
	solid := 0
	for i := 0; i < min(len(after), 2000); i++ {
		switch c := after[i]; {
		case letter(c), digit(c), c == '+', c == '/', c == '=':
			if solid++; solid >= 24 {
				return true
			}
		default:
			solid = 0
		}
		if strings.HasPrefix(after[i:], "-----END") {
			return false
		}
	}
	return false
}

func tokenByte(c byte) bool { return letter(c) || digit(c) || c == '_' || c == '-' || c == '.' }

// shape is what the tokens of one service look like.
type shape struct {
	prefix string
	body   int // at least this many bytes after the prefix
}

const minToken = 20

var shapes = []shape{
	{"AKIA", 16}, {"ASIA", 16}, {"ghp_", 30}, {"gho_", 30}, {"ghu_", 30}, {"ghs_", 30}, {"ghr_", 30}, {"github_pat_", 40},
	{"glpat-", 20}, {"gldt-", 20}, {"glrt-", 20}, {"xoxb-", 20}, {"xoxp-", 20}, {"xoxa-", 20}, {"xoxr-", 20}, {"xoxs-", 20}, {"xapp-", 20},
	{"sk-ant-", 24}, {"sk-proj-", 24}, {"sk-or-v1-", 24}, {"sk-", 32}, {"sk_live_", 20}, {"rk_live_", 20}, {"pk_live_", 20}, {"AIza", 35},
	{"ya29.", 30}, {"npm_", 36}, {"pypi-", 40}, {"SG.", 40}, {"hf_", 30}, {"dop_v1_", 60}, {"shpat_", 32}, {"shpss_", 32},
	{"AGE-SECRET-KEY-1", 50}, {"hvs.", 24}, {"dckr_pat_", 20}, {"lin_api_", 30}, {"PMAK-", 40}, {"NRAK-", 24}, {"gsk_", 40}, {"xai-", 40},
	{"sntrys_", 40}, {"figd_", 30}, {"rubygems_", 40}, {"EAACEdEose0cBA", 10},
}

// isToken reports whether a run of bytes is a token. Fillers of examples are none:
// with few different bytes, or saying that they are one.
func isToken(run string) bool {
	if webToken(run) {
		return true
	}
	for _, s := range shapes {
		i := strings.Index(run, s.prefix)
		// Inside of a word only the longer prefixes are taken for one: "task-" ends in "sk-".
		if i < 0 || i > 0 && (letter(run[i-1]) || digit(run[i-1])) && (len(s.prefix) < 4 || !strings.ContainsAny(s.prefix, "_-")) {
			continue
		}
		body := run[i+len(s.prefix):]
		if len(body) < s.body {
			continue
		}
		if strings.HasPrefix(s.prefix, "xox") { // numbers and a hexadecimal end, between dashes
			body = strings.ReplaceAll(body, "-", "")
		}
		if strings.HasSuffix(run, "EXAMPLE") || !mixed(body) {
			continue
		}
		return true
	}
	return false
}

// webToken reports whether a run is a JSON web token: three parts, the first two of
// them JSON in base64, which begins with eyJ.
func webToken(run string) bool {
	parts := strings.Split(run, ".")
	return len(parts) == 3 && strings.HasPrefix(parts[0], "eyJ") && strings.HasPrefix(parts[1], "eyJ") &&
		len(parts[0]) >= 16 && len(parts[1]) >= 16 && len(parts[2]) >= 20 && mixed(parts[2])
}

// mixed reports whether s looks random: it has at least eight different bytes, of two
// kinds among digits, lower and upper case; of all three when it could be words
// between dashes.
func mixed(s string) bool {
	var seen [256]bool
	kinds, different, need := 0, 0, 2
	if strings.ContainsAny(s, "-.") {
		need = 3
	}
	var low, up, num bool
	for i := range len(s) {
		if c := s[i]; !seen[c] {
			seen[c] = true
			different++
			low, up, num = low || lower(c), up || upper(c), num || digit(c)
		}
	}
	for _, has := range []bool{low, up, num} {
		if has {
			kinds++
		}
	}
	return different >= 8 && kinds >= need
}
