// The simulator's TLS: its own certificate authority and certificate, or files that the user names.
#ifndef IMBOT_TESTS_SIMULATOR_NET_TLS_H_
#define IMBOT_TESTS_SIMULATOR_NET_TLS_H_

#include <openssl/ssl.h>

#include <memory>
#include <string>

namespace simulator {

struct SslCtxDeleter {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using SslContext = std::unique_ptr<SSL_CTX, SslCtxDeleter>;

struct TlsFiles {
  std::string ca;  // what a client must trust; the certificate itself if the user brought it
  std::string cert;
  std::string key;
};

// What is wrong with the certificate that the simulator makes.
enum class TlsFault {
  kNone,
  kWrongName,  // it is for elsewhere.test
  kExpired,    // since yesterday
  kUnknownCa,  // another authority than ca.pem has signed it
};

// Writes ca.pem, cert.pem and key.pem into `directory`: P-256, valid for 30 days, for localhost, portal.test,
// *.portal.test and 127.0.0.1, unless `fault` says otherwise. False, with the reason in `error`, if that fails.
bool GenerateCertificates(const std::string& directory, TlsFault fault, TlsFiles* files, std::string* error);

// A server context that offers h2 (if `http2`) and http/1.1. Null, with the reason in `error`, if the files are no
// good.
SslContext MakeServerContext(const TlsFiles& files, bool http2, std::string* error);

}  // namespace simulator

#endif  // IMBOT_TESTS_SIMULATOR_NET_TLS_H_
