#include "kilonat/cli/app.h"

int main(int argc, char** argv) {
  return kilonat::cli::run_app(argc, argv);
}
