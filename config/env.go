package config

import (
	"fmt"
	"slices"
	"strings"
)

// defaultEnv is the entry of env.allow that stands for DefaultEnv.
const defaultEnv = "default"

// DefaultEnv returns the variables that commands see unless env.allow says
// otherwise: what programs need to find themselves, their caches, the user's
// language and the way out through a proxy. Not TERM, because commands have no
// terminal. Not all of XDG_*: XDG_SESSION_ID and its like change with every login
// and would make each day's environment a new one to the cache of base results. No
// agent sockets and no tokens.
func DefaultEnv(goos string) []string {
	names := strings.Fields(`
		PATH HOME USER LOGNAME SHELL LANG LANGUAGE LC_* TZ TMPDIR
		XDG_CONFIG_HOME XDG_CACHE_HOME XDG_DATA_HOME XDG_STATE_HOME XDG_RUNTIME_DIR XDG_CONFIG_DIRS XDG_DATA_DIRS
		HTTP_PROXY HTTPS_PROXY NO_PROXY ALL_PROXY http_proxy https_proxy no_proxy all_proxy
		SSL_CERT_FILE SSL_CERT_DIR NODE_EXTRA_CA_CERTS REQUESTS_CA_BUNDLE CURL_CA_BUNDLE
		GOPATH GOROOT GOBIN GOCACHE GOMODCACHE GOFLAGS GOPROXY GOPRIVATE GONOPROXY GONOSUMDB GOSUMDB
		GOTOOLCHAIN GOEXPERIMENT GOWORK CGO_*
		CARGO_HOME RUSTUP_HOME RUSTUP_TOOLCHAIN
		JAVA_HOME GRADLE_USER_HOME MAVEN_HOME M2_HOME ANDROID_HOME ANDROID_SDK_ROOT
		NODE_PATH NVM_DIR NVM_BIN FNM_DIR VOLTA_HOME PNPM_HOME COREPACK_HOME BUN_INSTALL DENO_DIR npm_config_cache
		PYENV_ROOT VIRTUAL_ENV CONDA_PREFIX CONDA_DEFAULT_ENV UV_CACHE_DIR PIP_CACHE_DIR POETRY_HOME
		RBENV_ROOT GEM_HOME GEM_PATH BUNDLE_PATH MIX_HOME HEX_HOME COMPOSER_HOME
		DOTNET_ROOT DOTNET_CLI_HOME NUGET_PACKAGES
		ASDF_DIR ASDF_DATA_DIR MISE_DATA_DIR HOMEBREW_PREFIX NIX_PATH NIX_PROFILES NIX_SSL_CERT_FILE
		CC CXX LD_LIBRARY_PATH DYLD_LIBRARY_PATH PKG_CONFIG_PATH`)
	if goos != "windows" {
		return names
	}
	return append(names, strings.Fields(`
		SystemRoot SystemDrive windir ComSpec PATHEXT TEMP TMP OS
		USERNAME USERPROFILE USERDOMAIN COMPUTERNAME HOMEDRIVE HOMEPATH PUBLIC
		APPDATA LOCALAPPDATA ProgramData ALLUSERSPROFILE
		ProgramFiles ProgramFiles(x86) ProgramW6432
		CommonProgramFiles CommonProgramFiles(x86) CommonProgramW6432
		PROCESSOR_ARCHITECTURE NUMBER_OF_PROCESSORS`)...)
}

// Env cuts a process environment ("NAME=value") down to what env.allow lets
// commands see. A variable that looks like a secret passes only when the person
// wrote its name in full; the built-in list and prefixes never let one through.
func (c *Config) Env(environ []string) map[string]string {
	seen := map[string]string{}
	builtin := DefaultEnv(c.os)
	for _, pair := range environ {
		name, value, ok := strings.Cut(pair, "=")
		if !ok || name == "" { // Windows keeps "=C:=C:\dir" there
			continue
		}
		if c.allows(name, value, builtin) {
			seen[name] = value
		}
	}
	return seen
}

func (c *Config) allows(name, value string, builtin []string) bool {
	same := func(entry string) bool {
		return entry == name || c.os == "windows" && strings.EqualFold(entry, name)
	}
	if slices.ContainsFunc(c.EnvAllow, same) {
		return true
	}
	if secret(name, value) {
		return false
	}
	matches := func(entry string) bool {
		prefix, ok := strings.CutSuffix(entry, "*")
		return same(entry) || ok && len(name) >= len(prefix) && (strings.HasPrefix(name, prefix) ||
			c.os == "windows" && strings.EqualFold(name[:len(prefix)], prefix))
	}
	return slices.ContainsFunc(c.EnvAllow, matches) ||
		slices.Contains(c.EnvAllow, defaultEnv) && slices.ContainsFunc(builtin, matches)
}

// secret reports whether a variable looks like one that must not leak: by its name,
// or because its value holds an address with a password in it, as a proxy's may.
func secret(name, value string) bool {
	upper := strings.ToUpper(name)
	for _, part := range []string{"TOKEN", "SECRET", "PASSW", "CREDENTIAL", "API_KEY", "APIKEY", "ACCESS_KEY", "PRIVATE_KEY", "AUTH"} {
		if strings.Contains(upper, part) {
			return true
		}
	}
	for rest := value; ; {
		_, after, ok := strings.Cut(rest, "://")
		if !ok {
			return false
		}
		address, _, _ := strings.Cut(after, "/")
		if user, _, ok := strings.Cut(address, "@"); ok && user != "" {
			return true
		}
		rest = after
	}
}

// checkEnv accepts a variable's name, or a prefix and a star.
func checkEnv(entry string) error {
	name := strings.TrimSuffix(entry, "*")
	if name == "" {
		return fmt.Errorf("%q would pass every variable, tokens too; write names, or prefixes such as LC_*", entry)
	}
	if strings.ContainsAny(name, "=*, \t") {
		return fmt.Errorf("%q is no variable's name; write NAME or PREFIX_*", entry)
	}
	return nil
}
