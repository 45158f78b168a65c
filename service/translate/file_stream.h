// Methods whose request or response is a stream: which field carries the pieces (option `chunked`), and what surrounds
// them.
//
// An upload's first message names everything and may carry the first piece; every later one carries a piece alone. The
// request's JSON is written around the place where the pieces go, as base64. A download's result holds the address the
// file is fetched from. Thread-safe; pure functions.
#ifndef IMBOT_SERVICE_TRANSLATE_FILE_STREAM_H_
#define IMBOT_SERVICE_TRANSLATE_FILE_STREAM_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/message.h"
#include "service/base/json.h"
#include "service/base/secret.h"
#include "service/translate/encode.h"
#include "service/translate/method_table.h"

namespace imbot::translate {

// The piece that a message carries, taken out of it; empty if there is none. REQUIRES: `method.chunk_field` is set.
std::string TakeChunk(const MethodSpec& method, google::protobuf::Message* message);

// OK if nothing beside the piece, taken out before, is set: so a later message of an upload must be. Else
// INVALID_ARGUMENT, reason STREAM_PROTOCOL, with the first field that is.
absl::Status CheckLaterMessage(const MethodSpec& method, const google::protobuf::Message& message);

// The content in JSON names, `fields.content`, and its limit in bytes, 0 if there is none.
std::string ChunkPath(const MethodSpec& method);
int64_t MaxContent(const MethodSpec& method);

// The JSON body without the content: base64 goes between `before` and `after`. Holds the bot's secret.
struct BodyAroundChunks {
  std::string before;
  std::string after;
};
BodyAroundChunks EncodeAroundChunks(const MethodSpec& method, const google::protobuf::Message& request,
                                    const Identity& identity);

// Where a download's result says the file is. RESULT_UNUSABLE if it doesn't.
absl::StatusOr<base::Secret> DownloadUrl(const MethodSpec& method, base::json::Value result);

// One message of a download: a piece, and in the first one what is known of the whole.
std::unique_ptr<google::protobuf::Message> MakeChunk(const MethodSpec& method, std::string_view piece);
void DescribeContent(std::optional<uint64_t> size, std::string_view content_type, google::protobuf::Message* first);

}  // namespace imbot::translate

#endif  // IMBOT_SERVICE_TRANSLATE_FILE_STREAM_H_
