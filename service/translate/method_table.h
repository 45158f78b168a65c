// The methods the gateway knows, built once at start from the contract's descriptors.
//
// A method without its options, two fields with one JSON name, a path that leads nowhere: the start fails, with every
// mistake named. Immutable after Create(); thread-safe.
#ifndef IMBOT_SERVICE_TRANSLATE_METHOD_TABLE_H_
#define IMBOT_SERVICE_TRANSLATE_METHOD_TABLE_H_

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "bitrix24/rest/options.pb.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace imbot::translate {

struct MessagePlan;  // how one message type travels; see message_plan.h

// Whom a request is for.
enum class Subject {
  kBot,     // first field `bot`: `portal/code`
  kPortal,  // first field `portal`
};

struct MethodSpec {
  const google::protobuf::MethodDescriptor* descriptor = nullptr;
  bitrix24::rest::Method options;  // `(bitrix24.rest.method)`
  std::string rpc_path;            // `/bitrix24.imbot.v2.MessageService/SendMessage`
  Subject subject = Subject::kBot;
  const google::protobuf::FieldDescriptor* subject_field = nullptr;
  const google::protobuf::Message* request_prototype = nullptr;
  const google::protobuf::Message* response_prototype = nullptr;
  const MessagePlan* request_plan = nullptr;
  const MessagePlan* response_plan = nullptr;
  // `id_path` and `secret_path` of the options, name by name. Empty if there is none.
  std::vector<std::string_view> id_path;
  std::vector<std::string_view> secret_path;
  // The way to the field named by `order_by`, and to `templateId` of a method the portal de-duplicates by it. Empty if
  // there is none.
  std::vector<const google::protobuf::FieldDescriptor*> order_field;
  std::vector<const google::protobuf::FieldDescriptor*> template_id_field;
  // Beside templateId: the messages that this one forwards. Null if there is none.
  const google::protobuf::FieldDescriptor* forward_ids_field = nullptr;
  // Beside templateId: whether the message is sent as the system. Null if there is none.
  const google::protobuf::FieldDescriptor* system_field = nullptr;
  // Whether a request can name URLs to which the portal would send events (request_fields.h).
  bool takes_handler_urls = false;
  // For BOT_EFFECT_REGISTER: the way to the bot's code in the request (`fields.code`, `CODE`), and to its id in the
  // response (`bot.id`, or the whole result). Empty otherwise.
  std::vector<const google::protobuf::FieldDescriptor*> code_field;
  std::vector<const google::protobuf::FieldDescriptor*> new_id_field;

  // Of a method that streams: the way to the field with the pieces (option `chunked`), in the request of an upload and
  // in the response of a download. Empty otherwise.
  std::vector<const google::protobuf::FieldDescriptor*> chunk_field;

  std::string_view name() const { return options.name(); }  // REST name
  bool streaming() const { return uploads() || downloads(); }
  bool uploads() const { return descriptor->client_streaming(); }
  bool downloads() const { return descriptor->server_streaming(); }
};

class MethodTable {
 public:
  // Takes every service of `files` that has at least one method with the option; a service that mixes methods with and
  // without it is an error.
  static absl::StatusOr<std::unique_ptr<MethodTable>> Create(
      const std::vector<const google::protobuf::FileDescriptor*>& files);
  ~MethodTable();

  const std::vector<std::unique_ptr<MethodSpec>>& methods() const { return methods_; }
  // Full names of the services, in the order of the files.
  const std::vector<const google::protobuf::ServiceDescriptor*>& services() const { return services_; }
  // By REST name, exactly; null if there is none.
  const MethodSpec* FindByName(std::string_view rest_name) const;
  const MethodSpec* FindByRpcPath(std::string_view rpc_path) const;

 private:
  MethodTable();

  std::vector<std::unique_ptr<MethodSpec>> methods_;
  std::vector<const google::protobuf::ServiceDescriptor*> services_;
  std::unordered_map<std::string_view, const MethodSpec*> by_name_;
  std::unordered_map<std::string_view, const MethodSpec*> by_rpc_path_;
  // A type used in both dialects has two plans.
  std::map<std::pair<const google::protobuf::Descriptor*, bitrix24::rest::Dialect>, std::unique_ptr<MessagePlan>>
      plans_;

  friend class MethodTableBuilder;
};

}  // namespace imbot::translate

#endif  // IMBOT_SERVICE_TRANSLATE_METHOD_TABLE_H_
