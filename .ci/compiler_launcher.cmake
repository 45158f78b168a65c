# Compiles through ccache where it is installed; the presets include this file. -DCMAKE_CXX_COMPILER_LAUNCHER= turns it off.
if(NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER)
  find_program(IMBOT_CCACHE ccache)
  if(IMBOT_CCACHE)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${IMBOT_CCACHE})
  endif()
endif()
