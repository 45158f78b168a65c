#include <iostream>

#include "bitrix24/imbot/v2/message_service.grpc.pb.h"
#include "imbot/client/client.h"
#include "imbot/client/keyboard.h"

using bitrix24::imbot::v2::MessageService;
using imbot::client::Button;
using imbot::client::Link;

int main(int argc, char** argv) {
  auto client =
      imbot::client::Client::Create({.target = argc > 1 ? argv[1] : "", .security = imbot::client::PlainText()});
  if (!client.ok()) return std::cerr << client.status() << "\n", 2;

  bitrix24::imbot::v2::SendMessageRequest request;
  request.set_bot("acme/support");
  request.set_dialog_id("chat5");
  request.mutable_fields()->set_message("Request [b]#142[/b] is waiting");
  *request.mutable_fields()->mutable_keyboard() =
      imbot::client::KeyboardBuilder().Row({Button("Open", Link{"https://example.com/requests/142"})}).Build();

  const auto sent = client->Call(&MessageService::Stub::SendMessage, request);
  if (!sent.ok()) return std::cerr << "not sent: " << sent.error() << "\n", 1;
  std::cout << "sent " << sent->id() << ", request " << sent.info().request_id << "\n";

  request.clear_dialog_id();
  const auto refused = client->Call(&MessageService::Stub::SendMessage, request);
  if (!refused.ok()) std::cout << "refused: " << refused.error() << "\n";
}
