// The table of methods: name to handler. Filled once at start by the Register… functions of methods/, constant after.
#ifndef IMBOT_TESTS_SIMULATOR_REST_REGISTRY_H_
#define IMBOT_TESTS_SIMULATOR_REST_REGISTRY_H_

#include <map>
#include <string>
#include <string_view>

#include "tests/simulator/net/task.h"
#include "tests/simulator/rest/call.h"

namespace simulator {

struct Method {
  using Plain = MethodResult (*)(Call&);
  using Suspending = Task<MethodResult> (*)(Call&);  // for methods that pass injection points of their own

  std::string name;
  std::string scope;  // empty: any credential will do
  Plain plain = nullptr;
  Suspending suspending = nullptr;
};

class Registry {
 public:
  void Add(std::string name, std::string scope, Method::Plain handler);
  void Add(std::string name, std::string scope, Method::Suspending handler);

  // v1 names are found in any case, v2 names (resolved to a class on the server) only as they are written
  // (WIRE_FACTS.md 1.1).
  const Method* Find(std::string_view name) const;
  // Both in any case.
  const Method* FindInAnyCase(std::string_view name) const;
  const std::map<std::string, Method, std::less<>>& all() const { return methods_; }

 private:
  std::map<std::string, Method, std::less<>> methods_;
  std::map<std::string, std::string, std::less<>> any_case_;
};

// A registry with every method that this simulator has.
Registry AllMethods();

}  // namespace simulator

#endif  // IMBOT_TESTS_SIMULATOR_REST_REGISTRY_H_
