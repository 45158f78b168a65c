#include "service/rpc/reflection_service.h"

#include <string>
#include <unordered_set>
#include <utility>

#include "grpc/health/v1/health.pb.h"
#include "grpc/reflection/v1/reflection.pb.h"
#include "grpc/reflection/v1alpha/reflection.pb.h"
#include "service/base/strings.h"
#include "service/rpc/byte_buffer.h"

namespace imbot::rpc {
namespace {

using google::protobuf::FileDescriptor;

// One stream: reads a question, writes its answer, and so on, never two things at once.
template <typename Request, typename Response>
class Stream final : public StreamRpc::Reactor {
 public:
  Stream(const DescriptorIndex& index, StreamRpc& rpc) : index_(index), rpc_(rpc) { rpc_.Read(); }

  void OnRead(bool ok, const grpc::ByteBuffer& message) override {
    if (!ok) return rpc_.Finish(grpc::Status::OK);  // the last question has been asked, or the caller has gone
    request_.Clear();
    if (!FromBytes(message, &request_)) {
      return rpc_.Finish(grpc::Status(grpc::StatusCode::INVALID_ARGUMENT,
                                      base::StrCat("the request is not a serialized ", request_.GetTypeName())));
    }
    Answer();
    rpc_.Write(ToBytes(response_));
  }
  void OnWritten(bool ok) override {
    if (!ok) return rpc_.Finish(grpc::Status::CANCELLED);
    rpc_.Read();
  }

 private:
  void Answer() {
    response_.Clear();
    response_.set_valid_host(request_.host());
    *response_.mutable_original_request() = request_;
    switch (request_.message_request_case()) {
      case Request::kFileByFilename:
        return AnswerFile(index_.FindFile(request_.file_by_filename()), request_.file_by_filename());
      case Request::kFileContainingSymbol:
        return AnswerFile(index_.FindFileOfSymbol(request_.file_containing_symbol()),
                          request_.file_containing_symbol());
      case Request::kFileContainingExtension: {
        const auto& extension = request_.file_containing_extension();
        return AnswerFile(
            index_.FindFileOfExtension(extension.containing_type(), extension.extension_number()),
            base::StrCat("extension ", extension.extension_number(), " of ", extension.containing_type()));
      }
      case Request::kAllExtensionNumbersOfType: {
        std::vector<int32_t> numbers;
        const std::string& type = request_.all_extension_numbers_of_type();
        if (!index_.FindExtensionNumbers(type, &numbers)) return NotFound(type);
        auto* answer = response_.mutable_all_extension_numbers_response();
        answer->set_base_type_name(type);
        for (const int32_t number : numbers) answer->add_extension_number(number);
        return;
      }
      case Request::kListServices:
        for (const auto& name : index_.services())
          response_.mutable_list_services_response()->add_service()->set_name(name);
        return;
      case Request::MESSAGE_REQUEST_NOT_SET:
        break;
    }
    Error(grpc::StatusCode::INVALID_ARGUMENT, "the request asks nothing");
  }

  void AnswerFile(const FileDescriptor* file, std::string_view asked) {
    if (file == nullptr) return NotFound(asked);
    auto* answer = response_.mutable_file_descriptor_response();
    // The one asked for goes out even if it has before: callers expect it.
    answer->add_file_descriptor_proto(index_.Serialized(*file));
    sent_.insert(file);
    AddImports(*file, answer);
  }
  template <typename Files>
  void AddImports(const FileDescriptor& file, Files* answer) {
    for (int i = 0; i < file.dependency_count(); ++i) {
      const FileDescriptor* import = file.dependency(i);
      if (!sent_.insert(import).second) continue;
      answer->add_file_descriptor_proto(index_.Serialized(*import));
      AddImports(*import, answer);
    }
  }
  void NotFound(std::string_view asked) { Error(grpc::StatusCode::NOT_FOUND, base::StrCat("not found: ", asked)); }
  void Error(grpc::StatusCode code, std::string message) {
    response_.mutable_error_response()->set_error_code(code);
    response_.mutable_error_response()->set_error_message(std::move(message));
  }

  const DescriptorIndex& index_;
  StreamRpc& rpc_;
  Request request_;
  Response response_;
  std::unordered_set<const FileDescriptor*> sent_;
};

namespace v1 = grpc::reflection::v1;
namespace v1alpha = grpc::reflection::v1alpha;

}  // namespace

ReflectionServices::ReflectionServices(std::unique_ptr<const DescriptorIndex> index) : index_(std::move(index)) {}

ReflectionServices::~ReflectionServices() = default;

void ReflectionServices::AddTo(Routes* routes) const {
  const auto path = [](const char* service) { return base::StrCat("/", service, "/ServerReflectionInfo"); };
  routes->AddStream(path(kV1), [this](StreamRpc& rpc) {
    return std::make_shared<Stream<v1::ServerReflectionRequest, v1::ServerReflectionResponse>>(*index_, rpc);
  });
  routes->AddStream(path(kV1Alpha), [this](StreamRpc& rpc) {
    return std::make_shared<Stream<v1alpha::ServerReflectionRequest, v1alpha::ServerReflectionResponse>>(*index_, rpc);
  });
}

void ReflectionServices::AppendOwnFiles(google::protobuf::FileDescriptorSet* set) {
  AppendLinkedFile(*v1::ServerReflectionRequest::descriptor()->file(), set);
  AppendLinkedFile(*v1alpha::ServerReflectionRequest::descriptor()->file(), set);
  AppendLinkedFile(*grpc::health::v1::HealthCheckRequest::descriptor()->file(), set);
  // Its header files are not part of Debian's package; its descriptor is in the library.
  const auto* channelz =
      google::protobuf::DescriptorPool::generated_pool()->FindServiceByName("grpc.channelz.v1.Channelz");
  if (channelz != nullptr) AppendLinkedFile(*channelz->file(), set);
}

}  // namespace imbot::rpc
