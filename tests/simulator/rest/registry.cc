#include "tests/simulator/rest/registry.h"

#include <utility>

#include "tests/simulator/methods/methods.h"
#include "tests/simulator/php/coerce.h"

namespace simulator {
namespace {

bool IsV2(std::string_view name) {
  return name.substr(0, 9) == "imbot.v2." || name.substr(0, 6) == "im.v2.";
}

}  // namespace

void Registry::Add(std::string name, std::string scope, Method::Plain handler) {
  if (!IsV2(name)) any_case_[AsciiLower(name)] = name;
  const std::string key = name;
  methods_[key] = Method{std::move(name), std::move(scope), handler, nullptr};
}

void Registry::Add(std::string name, std::string scope, Method::Suspending handler) {
  if (!IsV2(name)) any_case_[AsciiLower(name)] = name;
  const std::string key = name;
  methods_[key] = Method{std::move(name), std::move(scope), nullptr, handler};
}

const Method* Registry::Find(std::string_view name) const {
  auto it = methods_.find(name);
  if (it == methods_.end()) {
    const auto alias = any_case_.find(AsciiLower(name));
    if (alias == any_case_.end()) return nullptr;
    it = methods_.find(alias->second);
  }
  return &it->second;
}

const Method* Registry::FindInAnyCase(std::string_view name) const {
  if (const Method* method = Find(name)) return method;
  const std::string lower = AsciiLower(name);
  for (const auto& [key, method] : methods_) {
    if (AsciiLower(key) == lower) return &method;
  }
  return nullptr;
}

Registry AllMethods() {
  Registry registry;
  RegisterServerMethods(&registry);
  RegisterBotV2(&registry);
  RegisterMessageV2(&registry);
  RegisterHistoryV2(&registry);
  RegisterReactionV2(&registry);
  RegisterChatV2(&registry);
  RegisterChatUserV2(&registry);
  RegisterCommandV2(&registry);
  RegisterEventV2(&registry);
  RegisterFileV2(&registry);
  RegisterBotV1(&registry);
  RegisterMessageV1(&registry);
  RegisterChatV1(&registry);
  RegisterChatUserV1(&registry);
  RegisterCommandV1(&registry);
  RegisterAppV1(&registry);
  return registry;
}

}  // namespace simulator
