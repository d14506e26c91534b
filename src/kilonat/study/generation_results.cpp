#include "kilonat/study/generation_results.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "kilonat/study/json_reader.h"
#include "kilonat/study/results_json.h"

namespace kilonat::study {
namespace {

using json = nlohmann::ordered_json;

json json_of(const Estimates& estimates) {
  json object = json::object();
  for (const auto& [id, estimate] : estimates) {
    if (!std::isfinite(estimate.value)) continue;
    json& entry = object[id] = {{"value", estimate.value}};
    put(entry, "low", estimate.low);
    put(entry, "high", estimate.high);
  }
  return object;
}

json json_of(const GenerationMetric& metric) {
  return {{"id", metric.id},
          {"label", metric.label},
          {"better", better_name(metric.lower_is_better)},
          {"note", metric.note}};
}

json json_of(const GeneratedSound& sound) {
  json object{{"prompt", sound.prompt}, {"class", sound.class_name}, {"file", sound.file}};
  if (sound.seed) object["seed"] = *sound.seed;
  return object;
}

json json_of(const GenerationPoint& point) {
  json object{{"id", point.id}, {"codec_point", point.codec_point}};
  put(object, "target_kbps", point.target_kbps);
  object.update({{"status", status_name(point.status)},
                 {"why", point.why},
                 {"rates", figures_json(point.rates)},
                 {"seed", point.seed}});
  put(object, "steps", point.steps);
  put(object, "guidance", point.guidance);
  object["sampler"] = point.sampler;
  put(object, "sampler_steps", point.sampler_steps);
  object["metrics"] = json_of(point.metrics);
  object["reconstruction"] = json_of(point.reconstruction);
  object["guidance_curve"] = json::array();
  for (const GuidanceEntry& entry : point.guidance_curve) {
    object["guidance_curve"].push_back(
        {{"guidance", entry.guidance}, {"metrics", json_of(entry.metrics)}});
  }
  put(object, "eta", point.eta);
  object["classes"] = point.classes;
  object["confusion"] = point.confusion;
  object["predictability"] = figures_json(point.predictability);
  object["curve"] = curve_json(point.curve);
  object["audio"] = json::array();
  for (const GeneratedSound& sound : point.audio) object["audio"].push_back(json_of(sound));
  return object;
}

json json_of(const Correlation& correlation) {
  json object{{"measure", correlation.measure}, {"metric", correlation.metric}};
  put(object, "spearman", correlation.spearman);
  put(object, "low", correlation.low);
  put(object, "high", correlation.high);
  put(object, "points", correlation.points);
  return object;
}

json json_of(const BestRate& best) {
  json object{{"metric", best.metric}, {"target_kbps", best.target_kbps}, {"share", json::array()}};
  for (const RateShare& entry : best.share) {
    object["share"].push_back({{"target_kbps", entry.target_kbps}, {"share", entry.share}});
  }
  return object;
}

/// Reads a tree of which the metrics' ids are known.
class GenerationReader {
 public:
  explicit GenerationReader(const JsonReader& top) {
    for (const JsonReader& item : list_if(top, "metrics")) {
      metrics_.push_back(metric_from(item));
      require_new(ids_, item);
    }
  }

  [[nodiscard]] const std::vector<GenerationMetric>& metrics() const { return metrics_; }

  [[nodiscard]] std::vector<Anchor> anchors_from(const JsonReader& top) const {
    std::vector<Anchor> anchors;
    std::set<std::string> ids;
    for (const JsonReader& item : list_if(top, "anchors")) {
      require_new(ids, item);
      const std::string id = item.at("id").text();
      anchors.push_back({id, item.text_or("label", id), estimates_if(item, "metrics")});
    }
    return anchors;
  }

  [[nodiscard]] std::vector<GenerationPoint> points_from(const JsonReader& top) const {
    std::vector<GenerationPoint> points;
    std::set<std::string> ids;
    for (const JsonReader& item : top.at("points").array()) {
      require_new(ids, item);
      points.push_back(point_from(item));
    }
    return points;
  }

  [[nodiscard]] std::vector<Correlation> correlations_from(const JsonReader& top) const {
    std::vector<Correlation> correlations;
    for (const JsonReader& item : list_if(top, "correlations")) {
      require_interval(item);
      correlations.push_back({item.at("measure").text(),
                              known_metric(item.at("metric")),
                              item.number_if("spearman"),
                              item.number_if("low"),
                              item.number_if("high"),
                              item.integer_if("points")});
    }
    return correlations;
  }

  [[nodiscard]] std::optional<BestRate> best_from(const JsonReader& top) const {
    const auto found = top.find("best");
    if (!found) return std::nullopt;
    BestRate best{known_metric(found->at("metric")), found->at("target_kbps").number(), {}};
    for (const JsonReader& item : list_if(*found, "share")) {
      const double share = item.at("share").number();
      if (!(share >= 0 && share <= 1))
        item.at("share").fail(fmt::format("{}, expected 0 to 1", share));
      best.share.push_back({item.at("target_kbps").number(), share});
    }
    return best;
  }

 private:
  static GenerationMetric metric_from(const JsonReader& item) {
    const std::string id = item.at("id").text();
    return {id, item.text_or("label", id), lower_is_better_from(item), item.text_or("note", "")};
  }

  static void require_new(std::set<std::string>& ids, const JsonReader& item) {
    const JsonReader id = item.at("id");
    if (!ids.insert(id.text()).second) id.fail(fmt::format("'{}' is there twice", id.text()));
  }

  static void require_interval(const JsonReader& item) {
    const auto low = item.number_if("low");
    const auto high = item.number_if("high");
    if (low && high && *low > *high) item.fail(fmt::format("low {} above high {}", *low, *high));
  }

  std::string known_metric(const JsonReader& reader) const {
    require_known(reader, reader.text());
    return reader.text();
  }

  void require_known(const JsonReader& reader, const std::string& id) const {
    if (ids_.count(id) == 0) reader.fail(fmt::format("'{}' is none of the file's metrics", id));
  }

  Estimates estimates_if(const JsonReader& owner, const char* key) const {
    Estimates estimates;
    const auto found = owner.find(key);
    if (!found) return estimates;
    found->each([&](const std::string& id, const JsonReader& entry) {
      require_known(*found, id);
      if (entry.is_null()) return;
      require_interval(entry);
      const auto value = entry.number_if("value");
      if (value) estimates[id] = {*value, entry.number_if("low"), entry.number_if("high")};
    });
    return estimates;
  }

  std::vector<GuidanceEntry> guidance_curve_from(const JsonReader& owner) const {
    std::vector<GuidanceEntry> curve;
    for (const JsonReader& item : list_if(owner, "guidance_curve")) {
      curve.push_back({item.at("guidance").number(), estimates_if(item, "metrics")});
    }
    return curve;
  }

  static std::optional<std::uint64_t> seed_if(const JsonReader& owner) {
    const auto seed = owner.integer_if("seed");
    if (!seed) return std::nullopt;
    if (*seed < 0) owner.at("seed").fail(fmt::format("{}, expected 0 or more", *seed));
    return static_cast<std::uint64_t>(*seed);
  }

  static std::vector<std::vector<double>> confusion_from(const JsonReader& owner,
                                                         std::size_t num_classes) {
    std::vector<std::vector<double>> rows;
    for (const JsonReader& row : list_if(owner, "confusion")) {
      rows.emplace_back();
      for (const JsonReader& cell : row.array()) {
        rows.back().push_back(cell.number());
        if (rows.back().back() < 0) cell.fail("expected 0 or more");
      }
      if (rows.back().size() != num_classes) {
        row.fail(fmt::format("{} columns for {} classes", rows.back().size(), num_classes));
      }
    }
    if (!rows.empty() && rows.size() != num_classes) {
      owner.at("confusion").fail(fmt::format("{} rows for {} classes", rows.size(), num_classes));
    }
    return rows;
  }

  GenerationPoint point_from(const JsonReader& item) const {
    GenerationPoint point;
    point.id = item.at("id").text();
    point.codec_point = item.text_or("codec_point", "");
    point.target_kbps = item.number_if("target_kbps");
    point.status = status_from(item.at("status"));
    point.why = item.text_or("why", "");
    point.rates = rates_from(item, kGenerationRateNames);
    point.seed = seed_if(item).value_or(0);
    point.steps = item.integer_if("steps");
    point.guidance = item.number_if("guidance");
    point.sampler = item.text_or("sampler", "");
    point.sampler_steps = item.integer_if("sampler_steps");
    point.metrics = estimates_if(item, "metrics");
    point.reconstruction = estimates_if(item, "reconstruction");
    point.guidance_curve = guidance_curve_from(item);
    point.eta = item.number_if("eta");
    point.classes = texts_if(item, "classes");
    point.confusion = confusion_from(item, point.classes.size());
    point.predictability = figures_if(item, "predictability");
    if (const auto curve = item.find("curve")) point.curve = curve_from(*curve);
    for (const JsonReader& sound : list_if(item, "audio")) {
      point.audio.push_back({sound.at("prompt").text(),
                             sound.text_or("class", ""),
                             sound.at("file").text(),
                             seed_if(sound)});
    }
    return point;
  }

  std::vector<GenerationMetric> metrics_;
  std::set<std::string> ids_;
};

GeneratorDescription generator_from(const JsonReader& top) {
  const auto found = top.find("generator");
  if (!found) return {};
  return {found->text_or("config", ""), found->integer_if("parameters")};
}

}  // namespace

json to_json(const GenerationResults& results) {
  json object{{"format", kGenerationFormat},
              {"version", kGenerationVersion},
              {"name", results.name},
              {"created", results.created},
              {"commands", results.commands},
              {"versions", results.versions},
              {"data", data_json(results.data)},
              {"generator", {{"config", results.generator.config}}},
              {"metrics", json::array()},
              {"anchors", json::array()},
              {"points", json::array()},
              {"correlations", json::array()}};
  put(object["generator"], "parameters", results.generator.parameters);
  for (const GenerationMetric& metric : results.metrics) {
    object["metrics"].push_back(json_of(metric));
  }
  for (const Anchor& anchor : results.anchors) {
    object["anchors"].push_back(
        {{"id", anchor.id}, {"label", anchor.label}, {"metrics", json_of(anchor.metrics)}});
  }
  for (const GenerationPoint& point : results.points) object["points"].push_back(json_of(point));
  for (const Correlation& correlation : results.correlations) {
    object["correlations"].push_back(json_of(correlation));
  }
  if (results.best) object["best"] = json_of(*results.best);
  return object;
}

GenerationResults generation_from_json(const json& tree) {
  const JsonReader top(tree);
  require_format(top, kGenerationFormat, kGenerationVersion);
  const GenerationReader reader(top);
  GenerationResults results;
  results.name = top.at("name").text();
  results.created = top.text_or("created", "");
  results.commands = texts_if(top, "commands");
  results.versions = versions_from(top);
  results.data = data_from(top);
  results.generator = generator_from(top);
  results.metrics = reader.metrics();
  results.anchors = reader.anchors_from(top);
  results.points = reader.points_from(top);
  results.correlations = reader.correlations_from(top);
  results.best = reader.best_from(top);
  return results;
}

GenerationResults load_generation(const std::filesystem::path& path) {
  GenerationResults results;
  read_results_file(path, "reading the generation study's results", [&](const json& tree) {
    results = generation_from_json(tree);
  });
  return results;
}

void save_generation(const std::filesystem::path& path, const GenerationResults& results) {
  write_results_file(path, to_json(results));
}

}  // namespace kilonat::study
