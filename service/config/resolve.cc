#include "service/config/resolve.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "service/base/secret_file.h"
#include "service/base/server_certificate.h"
#include "service/base/strings.h"

namespace imbot::config {
namespace {

using base::Secret;
using base::StrCat;

// The text of an error without the path it begins with.
std::string WithoutPath(const absl::Status& status, const std::string& path) {
  const std::string text(status.message());
  return text.starts_with(path + ": ") ? text.substr(path.size() + 2) : text;
}

class Resolver {
 public:
  Resolver(const std::string& folder, const Environment& environment, Config* config, Findings* findings)
      : folder_(folder), environment_(environment), config_(*config), findings_(*findings) {}

  void Run() {
    for (int i = 0; i < settings().portals_size(); ++i) {
      const auto& portal = settings().portals(i);
      const std::string path = StrCat("portals[", i, "].webhook.code");
      Secret code = ReadSecret(portal.webhook().code(), path);
      if (!code.empty() && !IsWebhookCode(code.Reveal())) {
        findings_.Report(
            path,
            "what it points to is not a webhook's code; it must hold only what stands between the user id and the "
            "last `/` of the webhook's URL");
      }
      config_.webhook_codes.insert_or_assign(portal.name(), std::move(code));
    }
    for (int i = 0; i < settings().bots_size(); ++i) {
      const auto& bot = settings().bots(i);
      config_.bot_secrets.insert_or_assign({bot.portal(), bot.name()},
                                           ReadSecret(bot.secret(), StrCat("bots[", i, "].secret")));
    }
    ResolveTls();
    ResolveTransport();
    ResolveStorage();
  }

 private:
  Settings& settings() { return config_.settings; }

  std::string Join(const std::string& path) const { return (std::filesystem::path(folder_) / path).string(); }

  void ReportFile(const std::string& path, std::string_view what) {
    findings_.Report(path, StrCat(what, folder_.empty() ? "" : StrCat(" (relative paths begin at ", folder_, ")")));
  }

  static bool IsWebhookCode(std::string_view code) {
    return code.size() <= 256 && std::all_of(code.begin(), code.end(), [](char c) {
             return base::IsAlnum(c) || c == '-' || c == '_' || c == '.' || c == '~';
           });
  }

  // Empty if it is not there, which is reported, or was already.
  Secret ReadSecret(const gateway::v1::SecretRef& ref, const std::string& path) {
    if (ref.has_file() && !ref.file().empty()) return ReadSecretFrom(ref.file(), path + ".file");
    if (!ref.has_env() || ref.env().empty()) return Secret();
    const char* const value = environment_(ref.env().c_str());
    std::string text(value == nullptr ? "" : value);
    if (text.ends_with('\n')) text.pop_back();
    if (text.empty())
      findings_.Report(path + ".env", "this environment variable is not set, or empty; set it for the gateway");
    return Secret(std::move(text));
  }

  Secret ReadSecretFrom(const std::string& written, const std::string& path) {
    const std::string file_path = Join(written);
    auto file = base::ReadSecretFile(file_path);
    if (!file.ok()) {
      ReportFile(path, WithoutPath(file.status(), file_path));
      return Secret();
    }
    if (file->world_readable)
      findings_.Warn(path, "everybody on this machine may read this secret; run chmod 600 on the file");
    return std::move(file->text);
  }

  // One or more in PEM; no secret.
  std::string ReadCertificates(const std::string& written, const std::string& path) {
    constexpr size_t kMost = 4 << 20;
    std::ifstream file(Join(written), std::ios::binary);
    std::string text;
    if (file) {
      text.resize(kMost);
      file.read(text.data(), static_cast<std::streamsize>(text.size()));
      text.resize(static_cast<size_t>(file.gcount()));
    }
    if (text.empty()) {
      ReportFile(path, "the file can't be read, or is empty; make it, or correct the path");
    } else if (!base::HoldsCertificate(text)) {
      findings_.Report(path,
                       "the file holds no certificate in PEM; it must have a line -----BEGIN CERTIFICATE-----, and "
                       "what follows must be whole");
    }
    return text;
  }

  void ResolveTls() {
    auto& listeners = *settings().mutable_listeners();
    for (int i = 0; i < listeners.grpc_size(); ++i) {
      auto& material = config_.grpc_tls.emplace_back();
      auto& listener = *listeners.mutable_grpc(i);
      if (listener.has_tls()) material = ReadTls(StrCat("listeners.grpc[", i, "].tls"), listener.mutable_tls());
    }
    if (listeners.admin().has_tls())
      config_.admin_tls = ReadTls("listeners.admin.tls", listeners.mutable_admin()->mutable_tls());
  }

  TlsMaterial ReadTls(const std::string& path, gateway::v1::ServerTls* tls) {
    TlsMaterial material;
    if (!tls->cert_file().empty()) material.certificate_chain = ReadCertificates(tls->cert_file(), path + ".cert_file");
    if (!tls->client_ca_file().empty())
      material.client_ca = ReadCertificates(tls->client_ca_file(), path + ".client_ca_file");
    if (!tls->key_file().empty()) {
      material.private_key = ReadSecretFrom(tls->key_file(), path + ".key_file");
      if (!material.private_key.empty() &&
          material.private_key.Reveal().find("PRIVATE KEY-----") == std::string_view::npos) {
        findings_.Report(
            path + ".key_file",
            "the file holds no private key in PEM; it must have a line such as -----BEGIN PRIVATE KEY-----");
      }
    }
    if (!material.certificate_chain.empty() && !material.private_key.empty()) CheckTls(path, material);
    JoinInPlace(tls->mutable_cert_file());
    JoinInPlace(tls->mutable_key_file());
    JoinInPlace(tls->mutable_client_ca_file());
    return material;
  }

  // A file that another message names already is not named twice.
  void CheckTls(const std::string& path, const TlsMaterial& material) {
    const auto mistake =
        base::FindCertificateMistake(material.certificate_chain, material.private_key, material.client_ca);
    if (!mistake.has_value()) return;
    switch (mistake->part) {
      case base::CertificateMistake::Part::kChain:
        return findings_.Report(path + ".cert_file", mistake->text);
      case base::CertificateMistake::Part::kKey:
        return findings_.Report(path + ".key_file", mistake->text);
      case base::CertificateMistake::Part::kClientCa:
        return findings_.Report(path + ".client_ca_file", mistake->text);
    }
  }

  void JoinInPlace(std::string* path) const {
    if (!path->empty()) *path = Join(*path);
  }

  void ResolveTransport() {
    auto& transport = *settings().mutable_transport();
    if (!transport.ca_file().empty()) {
      ReadCertificates(transport.ca_file(), "transport.ca_file");
      JoinInPlace(transport.mutable_ca_file());
    }
    if (!transport.has_proxy()) return;
    config_.proxy = ReadSecret(transport.proxy(), "transport.proxy");
    const std::string_view url = config_.proxy.Reveal();
    if (!url.empty() && !url.starts_with("http://") && !url.starts_with("https://")) {
      findings_.Report(
          "transport.proxy",
          "what it points to is no proxy's URL; it must hold http://HOST:PORT or http://USER:PASSWORD@HOST:PORT");
    }
  }

  void ResolveStorage() {
    auto& storage = *settings().mutable_storage();
    if (std::string* const path = storage.mutable_sqlite()->mutable_path(); !path->empty()) {
      JoinInPlace(path);
      const std::string folder = std::filesystem::path(*path).parent_path().string();
      std::error_code ignored;
      if (!std::filesystem::is_directory(folder.empty() ? "." : folder, ignored)) {
        ReportFile("storage.sqlite.path", "its folder does not exist; make it, or correct the path");
      } else if (access(folder.empty() ? "." : folder.c_str(), W_OK) != 0) {
        ReportFile("storage.sqlite.path", "its folder may not be written; let the gateway's user write it");
      }
    }
    ReadSealKey(storage.mutable_seal_key_file(), "storage.seal_key_file");
    for (int i = 0; i < storage.old_seal_key_files_size(); ++i) {
      ReadSealKey(storage.mutable_old_seal_key_files(i), StrCat("storage.old_seal_key_files[", i, "]"));
    }
  }

  void ReadSealKey(std::string* written, const std::string& path) {
    if (written->empty()) return;
    JoinInPlace(written);
    const bool shared = settings().storage().allow_shared_seal_key_files();
    auto key = base::LoadSealKey(*written, shared ? base::KeyFileMode::kAny : base::KeyFileMode::kPrivate);
    if (!key.ok()) {
      std::string text = WithoutPath(key.status(), *written);
      if (key.status().code() == absl::StatusCode::kPermissionDenied)
        text += ", or set storage.allow_shared_seal_key_files: true";
      return ReportFile(path, text);
    }
    for (const base::SealKey& other : config_.seal_keys) {
      if (other.id() == key->id())
        return findings_.Report(path, "the same key as another one here; remove it, or write another file");
    }
    config_.seal_keys.push_back(*std::move(key));
  }

  const std::string& folder_;
  const Environment& environment_;
  Config& config_;
  Findings& findings_;
};

}  // namespace

void Resolve(const std::string& folder, const Environment& environment, Config* config, Findings* findings) {
  Resolver(folder, environment, config, findings).Run();
}

}  // namespace imbot::config
