#pragma once
/// The empty report page, as Vite built it from `web/`: part of the program, so that no file need
/// be found when it runs.

#include <string_view>

namespace kilonat::study {

/// Where the page takes its data: once in the page, before its scripts run.
inline constexpr std::string_view kDataMarker = "<!--kilonat:data-->";

/// The HTML of web/dist/report.html.
[[nodiscard]] std::string_view report_page();

}  // namespace kilonat::study
