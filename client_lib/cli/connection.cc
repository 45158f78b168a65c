#include "client_lib/cli/connection.h"

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <random>

#include "client_lib/cli/text.h"

namespace imbot::cli {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLongest = std::chrono::hours(24);
constexpr char kDefaultGateway[] = "127.0.0.1:50051";
constexpr char kDefaultAdmin[] = "127.0.0.1:50052";

client::TokenSource TokenFrom(const CommandLine& line) {
  if (const std::string file = line.Get("token-file"); !file.empty()) return client::TokenFromFile(file);
  const char* const token = std::getenv("IMBOT_TOKEN");
  if (token != nullptr && *token != '\0') return client::TokenFromString(token);
  return nullptr;
}

std::string Hex(uint32_t number) {
  std::string digits(8, '0');
  for (size_t i = 8; i > 0; number /= 16) digits[--i] = "0123456789abcdef"[number % 16];
  return digits;
}

// A UUID of version 4. Not a sequence: it must not meet the keys of other processes.
std::string NewKey() {
  std::random_device random;
  std::string key;
  for (int i = 0; i < 4; ++i) key += Hex(random());
  key[12] = '4';
  key[16] = "89ab"[static_cast<unsigned char>(key[16]) % 4];
  for (const size_t at : {8, 13, 18, 23}) key.insert(at, "-");
  return key;
}

}  // namespace

absl::StatusOr<milliseconds> ParseTime(std::string_view text) {
  struct Unit {
    std::string_view suffix;
    int64_t ms;
  };
  constexpr Unit kUnits[] = {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"", 1000}};
  for (const Unit& unit : kUnits) {
    if (!text.ends_with(unit.suffix)) continue;
    const std::string_view digits = text.substr(0, text.size() - unit.suffix.size());
    double number = 0;
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (read.ec != std::errc() || read.ptr != digits.data() + digits.size()) continue;
    const double ms = number * static_cast<double>(unit.ms);
    if (ms >= 1 && ms <= static_cast<double>(kLongest.count())) return milliseconds(static_cast<int64_t>(ms));
  }
  return Invalid(StrCat("--timeout ", text, ": write for example 30s, 500ms or 2m"));
}

bool IsThisMachine(std::string_view address) {
  for (const std::string_view scheme : {"dns:///", "ipv4:", "ipv6:"}) {
    if (address.starts_with(scheme)) address.remove_prefix(scheme.size());
  }
  return std::string_view(address).starts_with("127.") || std::string_view(address).starts_with("[::1]") ||
         std::string_view(address).starts_with("unix:") || address == "localhost" ||
         std::string_view(address).starts_with("localhost:");
}

absl::StatusOr<Connection> Connect(const CommandLine& line, Listener listener) {
  const bool callers = listener == Listener::kCallers;
  const std::string flag = callers ? "gateway" : "admin";
  const std::string address = line.Get(flag, callers ? kDefaultGateway : kDefaultAdmin);
  const client::Tls tls{.ca_file = line.Get("ca-file"),
                        .certificate_file = line.Get("cert-file"),
                        .key_file = line.Get("key-file"),
                        .server_name = line.Get("server-name")};
  if (line.Has("tls") && line.Has("plaintext")) return Invalid("--tls and --plaintext can't stand together");
  if (line.Has("plaintext") && (line.Has("ca-file") || line.Has("cert-file") || line.Has("key-file")))
    return Invalid("--plaintext can't stand beside --ca-file, --cert-file and --key-file");
  // What the environment says of certificates is for whoever does not say --plaintext.
  const bool encrypt = !line.Has("plaintext") && (line.Has("tls") || !tls.ca_file.empty() ||
                                                  !tls.certificate_file.empty() || !IsThisMachine(address));
  client::ClientOptions options;
  options.target = address;
  if (callers) options.token = TokenFrom(line);
  if (encrypt) {
    options.security = tls;
  } else {
    // Whoever says --plaintext, or stays on this machine, knows that the token can be read on the way.
    options.security = client::PlainText{.send_token = true};
  }
  options.max_timeout = kLongest;
  options.max_message_bytes = 64 << 20;  // a portal's largest reply, and more
  auto made = client::Client::Create(std::move(options));
  if (!made.ok()) return made.status();
  return Connection{*std::move(made), address, StrCat("--", flag)};
}

absl::StatusOr<client::CallOptions> CallOptionsFrom(const CommandLine& line, milliseconds timeout) {
  client::CallOptions options;
  options.timeout = timeout;
  if (line.Has("timeout")) {
    const auto given = ParseTime(line.Get("timeout"));
    if (!given.ok()) return given.status();
    options.timeout = *given;
  }
  const std::string priority = line.Get("priority");
  if (priority == "bulk") {
    options.priority = client::Priority::kBulk;
  } else if (priority == "interactive") {
    options.priority = client::Priority::kInteractive;
  } else if (!priority.empty()) {
    return Invalid("--priority is interactive or bulk");
  }
  options.idempotency_key = line.Has("idempotency-key") ? line.Get("idempotency-key") : NewKey();
  return options;
}

}  // namespace imbot::cli
