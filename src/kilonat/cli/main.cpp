#include "kilonat/cli/app.h"
#include "kilonat/tensor/memory.h"

int main(int argc, char** argv) {
  kilonat::tensor::keep_freed_memory();
  return kilonat::cli::run_app(argc, argv);
}
