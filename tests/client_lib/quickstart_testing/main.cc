// A caller's own test: the gateway is full once, then takes the message.
#include <iostream>

#include "bitrix24/imbot/v2/message_service.grpc.pb.h"
#include "imbot/client/client.h"
#include "imbot/client/testing/fake_gateway.h"

int main() {
  constexpr auto kSend = &bitrix24::imbot::v2::MessageService::Stub::SendMessage;
  const auto gateway = imbot::client_testing::FakeGateway::Start();
  if (gateway == nullptr) return 2;
  bitrix24::imbot::v2::SendMessageResponse response;
  response.set_id(789);
  gateway->Fail(kSend, {.code = absl::StatusCode::kResourceExhausted,
                        .reason = "QUEUE_FULL",
                        .retry_delay = std::chrono::milliseconds(5)});
  gateway->Reply(kSend, response);

  const auto client = imbot::client::Client::Create(gateway->options());
  if (!client.ok()) return 2;
  const auto sent = client->Call(kSend, {});
  const auto calls = gateway->CallsOf(kSend);
  std::cout << "attempts " << calls.size() << ", "
            << (sent.ok() ? "sent " + std::to_string(sent->id()) : sent.error().ToString()) << "\n";
  return calls.size() == 2 && sent.ok() && calls[0].Metadata("idempotency-key") == calls[1].Metadata("idempotency-key")
             ? 0
             : 1;
}
