#include "tests/simulator/methods/methods.h"
#include "tests/simulator/rest/registry.h"
namespace simulator {
void RegisterAppV1(Registry*) {}
}  // namespace simulator
