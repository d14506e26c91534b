#include "kilonat/config/schema.h"

#include <cmath>

#include "base/expect_error.h"
#include "base/temporary_folder.h"

#include "kilonat/base/errors.h"
#include "kilonat/base/files.h"

namespace kilonat::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::message_of;
using testing::TemporaryFolder;

enum class Colour { kRed, kBlue };

struct InnerOptions {
  double gain_db = 1.5;
  Colour colour = Colour::kRed;
};

struct OuterOptions {
  std::string name = "plain";
  std::int64_t num_steps = 100;
  bool is_on = true;
  std::vector<std::int64_t> strides = {2, 4};
  std::vector<double> weights = {0.5};
  std::vector<std::string> words;
  InnerOptions inner;
};

void describe(Schema& schema, InnerOptions& options) {
  schema.field("gain_db", options.gain_db, {.doc = "how loud", .unit = "dB", .min = -60, .max = 6})
      .field("colour", options.colour, {{"red", Colour::kRed}, {"blue", Colour::kBlue}}, {});
}

void describe(Schema& schema, OuterOptions& options) {
  schema.field("name", options.name, {.doc = "a | b", .choices = {"plain", "fancy"}})
      .field("num_steps", options.num_steps, {.doc = "how long", .min = 1})
      .field("is_on", options.is_on, {.doc = "whether"})
      .field("strides", options.strides, {.doc = "each", .min = 1})
      .field("weights", options.weights, {.doc = "of losses"})
      .field("words", options.words, {.doc = "any"})
      .section("inner", options.inner, "The inner part.");
}

std::string error_of(const std::string& toml) {
  OuterOptions options;
  return message_of<ConfigError>([&] { load_text(toml, "a.toml", options); });
}

std::string override_error_of(const std::string& assignment) {
  OuterOptions options;
  Schema schema;
  describe(schema, options);
  return message_of<ConfigError>([&] { schema.apply_override(assignment); });
}

OuterOptions overridden(const std::string& assignment) {
  OuterOptions options;
  Schema schema;
  describe(schema, options);
  schema.apply_override(assignment);
  return options;
}

TEST(Schema, ReadsEveryTypeAndKeepsWhatIsAbsent) {
  OuterOptions options;
  load_text(R"(
num_steps = 7
is_on = false
strides = [3, 5, 7]
weights = [1, 2.5]
words = ["a", "b"]
[inner]
gain_db = -3
colour = "blue"
)",
            "a.toml",
            options);
  EXPECT_EQ(options.name, "plain");
  EXPECT_EQ(options.num_steps, 7);
  EXPECT_FALSE(options.is_on);
  EXPECT_THAT(options.strides, ElementsAre(3, 5, 7));
  EXPECT_THAT(options.weights, ElementsAre(1, 2.5));
  EXPECT_THAT(options.words, ElementsAre("a", "b"));
  EXPECT_EQ(options.inner.gain_db, -3);
  EXPECT_EQ(options.inner.colour, Colour::kBlue);
}

TEST(Schema, NamesAnUnknownKeyItsPlaceAndTheNearestSpelling) {
  EXPECT_EQ(error_of("is_on = true\nnum_stpes = 3\n"),
            "a.toml:2: unknown key 'num_stpes' at the top level; did you mean 'num_steps'?");
  EXPECT_EQ(error_of("\n[inner]\n\ngain_bd = 3\n"),
            "a.toml:4: unknown key 'gain_bd' in [inner]; did you mean 'gain_db'?");
  EXPECT_EQ(error_of("[iner]\ngain_db = 3\n"),
            "a.toml:1: unknown key 'iner' at the top level; did you mean 'inner'?");
  EXPECT_EQ(error_of("zzzzzzzz = 3\n"), "a.toml:1: unknown key 'zzzzzzzz' at the top level");
}

TEST(Schema, SaysWhereAMisplacedKeyBelongs) {
  EXPECT_EQ(error_of("gain_db = 3\n"),
            "a.toml:1: unknown key 'gain_db' at the top level; did you mean 'inner.gain_db'?");
}

TEST(Schema, ReportsTheFirstFaultyLine) {
  EXPECT_THAT(error_of("zebra_stripes = 1\nabacus = 2\n"), HasSubstr("a.toml:1"));
}

TEST(Schema, NamesAWrongType) {
  EXPECT_EQ(error_of("num_steps = 2.5\n"), "a.toml:1: 'num_steps' is 2.5, expected an integer");
  EXPECT_EQ(error_of("is_on = 1\n"), "a.toml:1: 'is_on' is 1, expected true or false");
  EXPECT_EQ(error_of("name = true\n"), "a.toml:1: 'name' is true, expected a string");
  EXPECT_EQ(error_of("strides = 2\n"), "a.toml:1: 'strides' is 2, expected an array of integers");
  EXPECT_EQ(error_of("strides = [1, \"x\"]\n"),
            "a.toml:1: 'strides' is the string \"x\", expected an integer");
  EXPECT_EQ(error_of("inner = 3\n"), "a.toml:1: 'inner' is a value, expected a table [inner]");
  EXPECT_EQ(error_of("[num_steps]\nx = 1\n"),
            "a.toml:1: 'num_steps' is a table, expected an integer");
}

TEST(Schema, NamesAValueOutOfRangeWithItsUnit) {
  EXPECT_EQ(error_of("[inner]\ngain_db = 7\n"),
            "a.toml:2: 'inner.gain_db' is 7 dB, expected -60 to 6 dB");
  EXPECT_EQ(error_of("num_steps = 0\n"), "a.toml:1: 'num_steps' is 0, expected at least 1");
  EXPECT_EQ(error_of("strides = [2, 0]\n"), "a.toml:1: 'strides' is 0, expected at least 1");
  EXPECT_THAT(error_of("weights = [nan]\n"), HasSubstr("expected a number"));
}

TEST(Schema, NamesTheChoicesAndTheNearest) {
  EXPECT_EQ(error_of("name = \"plian\"\n"),
            "a.toml:1: 'name' is 'plian', expected plain or fancy; did you mean 'plain'?");
  EXPECT_THAT(error_of("[inner]\ncolour = \"green\"\n"), HasSubstr("expected red or blue"));
}

TEST(Schema, NamesTheLineOfBadToml) {
  EXPECT_THAT(error_of("is_on = true\nnum_steps == 3\n"), HasSubstr("a.toml:2: not valid TOML: "));
}

TEST(Schema, LeavesTheValueWhenAnElementIsRefused) {
  OuterOptions options;
  EXPECT_THROW(load_text("strides = [9, 0]", "a.toml", options), ConfigError);
  EXPECT_THAT(options.strides, ElementsAre(2, 4));
}

TEST(Schema, OverridesByPathWithTomlValuesOrBareWords) {
  EXPECT_EQ(overridden("inner.gain_db=-6").inner.gain_db, -6);
  EXPECT_EQ(overridden("name=fancy").name, "fancy");
  EXPECT_EQ(overridden("name=\"fancy\"").name, "fancy");
  EXPECT_EQ(overridden("inner.colour=blue").inner.colour, Colour::kBlue);
  EXPECT_THAT(overridden("strides=[8, 9]").strides, ElementsAre(8, 9));
  EXPECT_FALSE(overridden("is_on=false").is_on);
}

TEST(Schema, RefusesAWrongOverride) {
  EXPECT_EQ(override_error_of("inner.gain=1"),
            "--set inner.gain: unknown key 'gain' in [inner]; did you mean 'gain_db'?");
  EXPECT_THAT(override_error_of("iner.gain_db=1"), HasSubstr("did you mean 'inner'?"));
  EXPECT_EQ(override_error_of("num_steps=many"),
            "--set num_steps: 'num_steps' is the string \"many\", expected an integer");
  EXPECT_THAT(override_error_of("num_steps"), HasSubstr("expected KEY=VALUE"));
  EXPECT_THAT(override_error_of("num_steps=1\nis_on=false"), HasSubstr("expected an integer"));
  EXPECT_THAT(override_error_of("num_steps="), HasSubstr("expected an integer"));
  EXPECT_THAT(override_error_of("inner=1"), HasSubstr("unknown key 'inner'"));
}

TEST(Schema, DumpsTomlThatReadsBackToTheSameValues) {
  OuterOptions options;
  options.name = "fancy";
  options.num_steps = 9007199254740993;  // not a double
  options.weights = {0.1, 1e-300, 3, 1e22, -0.0, std::numeric_limits<double>::infinity()};
  options.words = {"quote \" and \\", "new\nline\t\x01", "Grüße"};
  options.strides = {};
  options.inner.colour = Colour::kBlue;
  options.inner.gain_db = 1.0 / 3.0;
  OuterOptions back;
  load_text(to_toml(options), "dump", back);
  EXPECT_EQ(back.num_steps, options.num_steps);
  EXPECT_EQ(back.name, options.name);
  EXPECT_EQ(back.weights, options.weights);
  EXPECT_TRUE(std::signbit(back.weights[4]));
  EXPECT_EQ(back.words, options.words);
  EXPECT_EQ(back.strides, options.strides);
  EXPECT_EQ(back.inner.colour, options.inner.colour);
  EXPECT_EQ(back.inner.gain_db, options.inner.gain_db);
  EXPECT_EQ(to_toml(back), to_toml(options));
}

TEST(Schema, DocumentsEveryFieldInMarkdown) {
  const std::string text = to_markdown(OuterOptions());
  EXPECT_THAT(text, HasSubstr("## `[inner]`\n\nThe inner part.\n"));
  EXPECT_THAT(text, HasSubstr("| `gain_db` | number | `1.5` | -60 to 6 dB | how loud |"));
  EXPECT_THAT(text, HasSubstr("| `name` | string | `\"plain\"` | plain or fancy | a \\| b |"));
}

TEST(Schema, RefusesAKeyThatIsListedTwice) {
  OuterOptions options;
  Schema schema;
  schema.field("x", options.num_steps, {});
  EXPECT_THROW(schema.field("x", options.name, {}), InternalError);
  EXPECT_THROW(schema.field("extends", options.name, {}), InternalError);
}

TEST(SchemaFile, ExtendsAnotherFileRelativeToItself) {
  const TemporaryFolder folder;
  create_folder(folder / "sub");
  write_text_atomic(folder / "base.toml", "num_steps = 5\nstrides = [9]\n[inner]\ngain_db = 2\n");
  write_text_atomic(folder / "sub/mid.toml", "extends = '../base.toml'\nnum_steps = 6\n");
  write_text_atomic(folder / "top.toml", "extends = 'sub/mid.toml'\n[inner]\ncolour = 'blue'\n");
  OuterOptions options;
  const std::vector<std::string> overrides = {"is_on=false", "inner.gain_db=3"};
  load(folder / "top.toml", overrides, options);
  EXPECT_EQ(options.num_steps, 6);
  EXPECT_THAT(options.strides, ElementsAre(9));
  EXPECT_EQ(options.inner.gain_db, 3);
  EXPECT_EQ(options.inner.colour, Colour::kBlue);
  EXPECT_FALSE(options.is_on);
}

TEST(SchemaFile, NamesTheFileOfAFaultInAnExtendedOne) {
  const TemporaryFolder folder;
  write_text_atomic(folder / "base.toml", "\nnum_step = 5\n");
  write_text_atomic(folder / "top.toml", "extends = 'base.toml'\n");
  OuterOptions options;
  const auto message = message_of<ConfigError>([&] { load(folder / "top.toml", {}, options); });
  EXPECT_THAT(message, HasSubstr("/base.toml:2: unknown key 'num_step'"));
}

TEST(SchemaFile, RefusesACycle) {
  const TemporaryFolder folder;
  write_text_atomic(folder / "a.toml", "extends = 'b.toml'\n");
  write_text_atomic(folder / "b.toml", "is_on = true\nextends = './a.toml'\n");
  OuterOptions options;
  const auto message = message_of<ConfigError>([&] { load(folder / "a.toml", {}, options); });
  EXPECT_THAT(message, HasSubstr("b.toml:2: 'extends' comes back to"));
}

TEST(SchemaFile, NamesAMissingFileAndWhoNamedIt) {
  const TemporaryFolder folder;
  OuterOptions options;
  const auto missing = message_of<ConfigError>([&] { load(folder / "no.toml", {}, options); });
  EXPECT_THAT(missing, HasSubstr("no.toml': no such file"));
  write_text_atomic(folder / "a.toml", "extends = 'no.toml'\n");
  const auto base = message_of<ConfigError>([&] { load(folder / "a.toml", {}, options); });
  EXPECT_THAT(base, HasSubstr("a.toml:1: config '"));
  write_text_atomic(folder / "b.toml", "extends = ['a.toml']\n");
  const auto array = message_of<ConfigError>([&] { load(folder / "b.toml", {}, options); });
  EXPECT_THAT(array, HasSubstr("b.toml:1: 'extends' is no string"));
}

TEST(SchemaText, RefusesExtends) {
  EXPECT_THAT(error_of("extends = 'x.toml'\n"), HasSubstr("unknown key 'extends'"));
}

}  // namespace
}  // namespace kilonat::config
