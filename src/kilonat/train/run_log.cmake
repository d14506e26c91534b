# The run log, torch-free: builds in seconds, without the precompiled header.
add_library(kilonat_tensorboard_proto STATIC tensorboard.proto)
protobuf_generate(TARGET kilonat_tensorboard_proto LANGUAGE cpp)
target_link_libraries(kilonat_tensorboard_proto PUBLIC protobuf::libprotobuf-lite)
target_include_directories(kilonat_tensorboard_proto SYSTEM PUBLIC ${CMAKE_CURRENT_BINARY_DIR})

kilonat_layer(run_log
  SOURCES
    run_log.cpp
    tensorboard_writer.cpp
    tfrecord.cpp
    wav_bytes.cpp
  DEPS base tensorboard_proto)
