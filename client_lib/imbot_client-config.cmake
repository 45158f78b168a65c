# find_package(imbot_client CONFIG REQUIRED): imbot::client, imbot::client_testing, and imbot::contract, which both bring.
include(CMakeFindDependencyMacro)
find_dependency(Threads)
find_dependency(Protobuf)
find_dependency(gRPC CONFIG)
find_dependency(absl CONFIG)
include(${CMAKE_CURRENT_LIST_DIR}/imbot_client_targets.cmake)
