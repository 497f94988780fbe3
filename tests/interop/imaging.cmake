# DICOM tools against the archive behind its two front doors (imaging_server), without log-in.
add_executable(imaging_server ${CMAKE_CURRENT_LIST_DIR}/imaging_server.cpp)
target_link_libraries(imaging_server PRIVATE qiao_imaging qiao_http)
find_package(Python3 REQUIRED COMPONENTS Interpreter)
add_test(NAME interop_imaging COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/imaging_test.py $<TARGET_FILE:imaging_server>)
set_tests_properties(interop_imaging PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 300)
qiao_asan_test(interop_imaging ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/imaging_test.py ${PROJECT_SOURCE_DIR}/build/asan/tests/interop/imaging_server)
