# The packaged SystemC 2.3.4 exports only the API symbol of C++17. Units that include <systemc> are built as C++20 with the API pinned.
find_package(PkgConfig REQUIRED)
pkg_check_modules(SYSTEMC REQUIRED IMPORTED_TARGET systemc)
add_library(ldpsim_systemc INTERFACE)
target_link_libraries(ldpsim_systemc INTERFACE PkgConfig::SYSTEMC)
target_compile_definitions(ldpsim_systemc INTERFACE SC_CPLUSPLUS=201703L)

file(WRITE ${CMAKE_BINARY_DIR}/check_systemc.cpp "#include <systemc>\nint sc_main(int, char**) { return sc_core::sc_time(1, sc_core::SC_NS).value() == 0; }\n")
try_compile(SYSTEMC_LINKS ${CMAKE_BINARY_DIR}/check_systemc SOURCES ${CMAKE_BINARY_DIR}/check_systemc.cpp
            COMPILE_DEFINITIONS -DSC_CPLUSPLUS=201703L LINK_LIBRARIES PkgConfig::SYSTEMC
            CXX_STANDARD 20 CXX_STANDARD_REQUIRED ON OUTPUT_VARIABLE systemc_log)
if(NOT SYSTEMC_LINKS)
  message(FATAL_ERROR "SystemC was found but a two-line program does not link: it was probably built for another C++ standard than C++17 "
                      "(the package libsystemc-dev 2.3.4 of Debian 12 is what this project is tested with).\n${systemc_log}")
endif()
