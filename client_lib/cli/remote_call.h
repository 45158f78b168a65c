// One call of any method of the contract, driven by its descriptor: unary, or a file that streams in one direction.
// Ctrl-C cancels it. Never holds a file whole, and repeats nothing by itself: a person decides.
//
// Blocks until the call is over. By one thread at a time.
#ifndef IMBOT_CLIENT_LIB_CLI_REMOTE_CALL_H_
#define IMBOT_CLIENT_LIB_CLI_REMOTE_CALL_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "imbot/client/client.h"

namespace imbot::cli {

struct CallResult {
  std::optional<client::Error> error;
  // Instead of it: the file could not be read or written, and the call was broken off.
  absl::Status file = absl::OkStatus();
  client::CallInfo info;
  // Set if there is no error: of a download, its first message without the bytes.
  std::unique_ptr<google::protobuf::Message> response;

  bool ok() const { return !error.has_value() && file.ok(); }
};

CallResult CallUnary(const client::Client& client, const google::protobuf::MethodDescriptor& method,
                     const google::protobuf::Message& request, const client::CallOptions& options);

// The next bytes of the file, at most `size`; empty at its end.
using ByteSource = std::function<absl::StatusOr<std::string>(size_t size)>;
// `request` is the first message, without bytes of the file.
CallResult CallUpload(const client::Client& client, const google::protobuf::MethodDescriptor& method,
                      std::unique_ptr<google::protobuf::Message> request, const ByteSource& source,
                      const client::CallOptions& options);

using ByteSink = std::function<absl::Status(std::string_view bytes)>;
CallResult CallDownload(const client::Client& client, const google::protobuf::MethodDescriptor& method,
                        const google::protobuf::Message& request, const ByteSink& sink,
                        const client::CallOptions& options);

// The way to the field with a file's bytes (option `chunked`), and that field's value in a message: taken out, or put
// in. False if the type has none.
bool TakeContent(google::protobuf::Message* message, std::string* content);
bool PutContent(google::protobuf::Message* message, std::string content);

}  // namespace imbot::cli

#endif  // IMBOT_CLIENT_LIB_CLI_REMOTE_CALL_H_
