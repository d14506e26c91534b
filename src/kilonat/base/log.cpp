#include "kilonat/base/log.h"

#include <memory>
#include <string>

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "kilonat/base/errors.h"

namespace kilonat {

void set_up_log(std::string_view level) {
  const auto parsed = spdlog::level::from_str(std::string(level));
  KILONAT_REQUIRE(parsed != spdlog::level::off || level == "off",
                  ConfigError,
                  "setting the log level: '{}', expected debug, info, warn, error or off",
                  level);
  auto logger =
      std::make_shared<spdlog::logger>("", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_level(parsed);
  logger->set_pattern("kilonat: %l: %v");
  spdlog::set_default_logger(std::move(logger));
}

}  // namespace kilonat
