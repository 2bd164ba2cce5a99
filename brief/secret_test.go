package brief

import (
	"strings"
	"testing"
)

func TestSecretNames(t *testing.T) {
	for _, name := range []string{
		"id_rsa_work", "d/id_rsa.bak", "x.pem.bak", ".env~", ".env.old", ".flaskenv", "AuthKey_ABC123.p8", "my-service-account.json",
		"app-firebase-adminsdk-x1.json", ".terraformrc", ".databrickscfg", "terraform.tfstate.17.backup", "terraform.tfstate.backup",
	} {
		if !secretName(name) {
			t.Errorf("%s is shown", name)
		}
	}
	for _, name := range []string{".env.example", "id_rsa.pub", "id_rsa_test.go", "environment.go", "keys.go", "service-account-sample.json", "notes.bak", "~"} {
		if secretName(name) {
			t.Errorf("%s is kept back", name)
		}
	}
}

// The tokens are put together here, so that none stands in this file.
func TestSecretShapes(t *testing.T) {
	slack := "xoxp" + "-123456789012-123456789012-123456789012-" + "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
	web := "eyJ" + "hbGciOiJIUzI1NiJ9" + "." + "eyJ" + "zdWIiOiIxMjM0NTY3ODkwIn0" + "." + "dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
	for _, text := range []string{slack, web, "token: " + slack + "\n", "Bearer " + web + "\n"} {
		if !holdsSecret(text) {
			t.Errorf("%.12s… is shown", text)
		}
	}
	for _, text := range []string{"xoxp-" + strings.Repeat("x", 40), "eyJa.eyJb.c", "see example.com.and.more.words.here"} {
		if holdsSecret(text) {
			t.Errorf("%s is kept back", text)
		}
	}
}
