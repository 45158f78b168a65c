// The methods of the contract that is linked in, by the names people have for them, with its comments.
//
// Built from descriptors alone, so that a new method needs nothing here. Immutable once built; thread-safe.
#ifndef IMBOT_CLIENT_LIB_CLI_METHOD_CATALOG_H_
#define IMBOT_CLIENT_LIB_CLI_METHOD_CATALOG_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "bitrix24/rest/options.pb.h"
#include "google/protobuf/descriptor.h"

namespace imbot::cli {

struct MethodEntry {
  const google::protobuf::MethodDescriptor* descriptor = nullptr;  // of the generated pool
  const bitrix24::rest::Method* options = nullptr;

  const std::string& name() const { return options->name(); }  // `imbot.v2.Chat.Message.send`
  std::string rpc() const;                                     // `bitrix24.imbot.v2.MessageService/SendMessage`
  // The field of the request that says whom it is for.
  const google::protobuf::FieldDescriptor& subject() const { return *descriptor->input_type()->FindFieldByNumber(1); }
  bool for_bot() const { return subject().name() == "bot"; }
};

class MethodCatalog {
 public:
  MethodCatalog();
  ~MethodCatalog();

  // By REST name.
  const std::vector<MethodEntry>& methods() const { return methods_; }
  // By REST name, by rpc (`bitrix24.imbot.v2.MessageService/SendMessage`, also with a dot), or by the rpc's name alone
  // where no other has it; capitals don't matter where that is clear. NOT_FOUND and INVALID_ARGUMENT name those that
  // may have been meant.
  absl::StatusOr<MethodEntry> Find(std::string_view name) const;

  // The comment above a part of the contract, its lines joined; empty if it has none.
  std::string Comment(const google::protobuf::MethodDescriptor& method) const;
  std::string Comment(const google::protobuf::ServiceDescriptor& service) const;
  std::string Comment(const google::protobuf::Descriptor& message) const;
  std::string Comment(const google::protobuf::FieldDescriptor& field) const;
  std::string Comment(const google::protobuf::EnumValueDescriptor& value) const;

 private:
  // The same contract with its comments, which the generated pool lacks.
  const std::unique_ptr<google::protobuf::DescriptorPool> commented_;
  std::vector<MethodEntry> methods_;
};

// Its first sentence, without the full stop.
std::string FirstSentence(std::string_view comment);

}  // namespace imbot::cli

#endif  // IMBOT_CLIENT_LIB_CLI_METHOD_CATALOG_H_
