#include "base/error.hpp"
#include "record/terminology/expand.hpp"
#include "record/terminology/record_shelf.hpp"
#include "record/validate/parse.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <span>

namespace qiao::record::terminology {
namespace {

/// Keeps nothing of the text: what was read must not point into it.
CodeSystem::Ptr system_of(const std::string& json) { return CodeSystem::from_resource(parse_resource(json)->root()); }
ValueSet::Ptr set_of(const std::string& json) { return ValueSet::from_resource(parse_resource(json)->root()); }

Membership is_in(const ValueSet::Ptr& set, std::string_view system, std::string_view code) {
    Trail trail;
    return SetTest(builtin_shelf(), set, trail).test(system, code);
}

TEST(Builtin, is_sorted_and_whole) {
    const std::span<const BuiltinCodeSystem> systems(kBuiltinCodeSystems, kBuiltinCodeSystemCount);
    EXPECT_TRUE(std::ranges::is_sorted(systems, {}, &BuiltinCodeSystem::url));
    std::size_t codes = 0;
    for (const BuiltinCodeSystem& row : systems) {
        const auto system = builtin_code_system(row.url);
        ASSERT_NE(system, nullptr);
        EXPECT_EQ(builtin_code_system(row.url, row.version), system);
        codes += system->concepts().size();
        for (const Concept& one : system->concepts()) {
            EXPECT_EQ(system->find(one.code), &one) << row.url << " " << one.code;
            for (const Concept* parent : system->parents_of(one)) EXPECT_FALSE(system->subsumes(one, *parent)) << row.url << " " << one.code;
        }
    }
    EXPECT_GT(codes, 20'000U);
    const std::span<const BuiltinValueSet> sets(kBuiltinValueSets, kBuiltinValueSetCount);
    EXPECT_TRUE(std::ranges::is_sorted(sets, {}, &BuiltinValueSet::url));
    for (const BuiltinValueSet& row : sets) EXPECT_FALSE(builtin_value_set(row.url)->includes().empty()) << row.url;
    EXPECT_EQ(builtin_code_system("http://snomed.info/sct"), nullptr);
    EXPECT_EQ(builtin_code_system("http://loinc.org"), nullptr);
    EXPECT_EQ(builtin_code_system("http://hl7.org/fhir/administrative-gender", "3.0"), nullptr);
}

TEST(Builtin, every_value_set_is_expanded_or_says_what_is_missing) {
    std::size_t expanded = 0;
    for (const BuiltinValueSet& row : std::span(kBuiltinValueSets, kBuiltinValueSetCount)) {
        const auto set = builtin_value_set(row.url);
        try {
            const Expansion expansion = expand(builtin_shelf(), set);
            ++expanded;
            for (const ExpandedCode& one : expansion.codes)
                ASSERT_NE(is_in(set, expansion.systems[one.system].url, one.code), Membership::no) << row.url << one.code;
        } catch (const Error& error) {
            EXPECT_TRUE(error.code() == "terminology.cannot_expand" || error.code() == "record.too_costly") << row.url << error.what();
        }
    }
    EXPECT_GT(expanded, 1'150U);
}

TEST(CodeSystems, keep_hierarchies_of_any_shape) {
    const auto system = system_of(
        R"({"resourceType":"CodeSystem","url":"urn:x","content":"complete","caseSensitive":false,"property":[{"code":"child","type":"code"}],"concept":[
        {"code":"A","concept":[{"code":"B"}]},{"code":"C","property":[{"code":"child","valueCode":"B"}]},{"code":"B","display":"twice"},
        {"code":"R1","property":[{"code":"parent","valueCode":"R2"}]},{"code":"R2","property":[{"code":"parent","valueCode":"R1"}]},
        {"code":"D","property":[{"code":"parent","valueCode":"nobody"}]}]})");
    EXPECT_EQ(system->concepts().size(), 6U);
    EXPECT_NE(system->find("b"), nullptr) << "not case-sensitive";
    EXPECT_TRUE(system->subsumes(*system->find("A"), *system->find("B")));
    EXPECT_TRUE(system->subsumes(*system->find("C"), *system->find("B")));
    EXPECT_FALSE(system->subsumes(*system->find("A"), *system->find("C")));
    EXPECT_TRUE(system->subsumes(*system->find("R1"), *system->find("R2"))) << "a circle ends";
    EXPECT_FALSE(system->subsumes(*system->find("A"), *system->find("R1")));
    EXPECT_EQ(system->has("nobody"), false);
    const auto count = [](const std::vector<bool>& some) { return std::ranges::count(some, true); };
    EXPECT_EQ(count(system->all_below(*system->find("A"))), 2);
    EXPECT_EQ(count(system->all_above(*system->find("B"))), 3);
    EXPECT_EQ(count(system->all_below(*system->find("R1"))), 2);
    const auto parts = system_of(
        R"({"resourceType":"CodeSystem","url":"urn:y","content":"fragment","hierarchyMeaning":"part-of","concept":[{"code":"A","concept":[{"code":"B"}]}]})");
    EXPECT_FALSE(parts->subsumes(*parts->find("A"), *parts->find("B")));
    EXPECT_EQ(parts->has("C"), std::nullopt);
}

TEST(CodeSystems, a_chain_of_thousands_is_walked_in_a_moment) {
    constexpr int kChain = 20'000;
    std::string json = R"({"resourceType":"CodeSystem","url":"urn:chain","content":"complete","concept":[{"code":"0"})";
    for (int i = 1; i < kChain; ++i) {
        json += R"(,{"code":")" + std::to_string(i) + R"(","property":[{"code":"parent","valueCode":")" + std::to_string(i - 1) + "\"}]}";
    }
    const auto chain = system_of(json + "]}");
    EXPECT_TRUE(chain->subsumes(*chain->find("0"), *chain->find("19999")));
    EXPECT_FALSE(chain->subsumes(*chain->find("19999"), *chain->find("0")));
    PreparedFilter filter(*chain, {"concept", "is-a", "10000"});
    EXPECT_EQ(std::ranges::count_if(chain->concepts(), [&](const Concept& one) { return filter.passes(one); }), 10'000);
}

TEST(ValueSets, without_composition_are_what_their_expansion_says) {
    const auto set = set_of(
        R"({"resourceType":"ValueSet","expansion":{"contains":[{"abstract":true,"system":"urn:x","code":"group","contains":[{"system":"urn:x","code":"one"}]},{"system":"urn:y","code":"two"}]}})");
    EXPECT_EQ(is_in(set, "urn:x", "one"), Membership::yes);
    EXPECT_EQ(is_in(set, "urn:x", "group"), Membership::no);
    EXPECT_EQ(is_in(set, "", "two"), Membership::yes);
    EXPECT_EQ(is_in(set, "urn:x", "two"), Membership::no);
}

TEST(ValueSets, a_part_that_is_not_known_decides_only_what_depends_on_it) {
    const auto set = set_of(R"({"resourceType":"ValueSet","compose":{"include":[{"system":"urn:x","concept":[{"code":"one"}]},{"system":"http://loinc.org"}],)"
                            R"("exclude":[{"valueSet":["urn:nobody"]}]}})");
    EXPECT_EQ(is_in(set, "http://hl7.org/fhir/administrative-gender", "male"), Membership::no);
    EXPECT_EQ(is_in(set, "http://loinc.org", "8867-4"), Membership::unknown);
    EXPECT_EQ(is_in(set, "urn:x", "one"), Membership::unknown) << "it may be excluded";
}

/// Each value set names the next one twice.
class Doubling : public Shelf {
public:
    [[nodiscard]] ValueSet::Ptr value_set(std::string_view url, std::string_view /*version*/) const override {
        const int number = std::stoi(std::string(url.substr(4)));
        if (number == 0) return set_of(R"({"resourceType":"ValueSet","compose":{"include":[{"system":"urn:x","concept":[{"code":"one"}]}]}})");
        const std::string next = R"({"valueSet":["urn:)" + std::to_string(number - 1) + "\"]}";
        return set_of(R"({"resourceType":"ValueSet","compose":{"include":[)" + next + "," + next + "]}}");
    }
};

TEST(ValueSets, that_double_at_each_level_are_not_followed_to_the_end) {
    const auto expanded = [](const char* url) {
        const Doubling shelf;
        try {
            return expand(shelf, shelf.value_set(url, {})).codes.size();
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), "terminology.cannot_expand");
            return std::size_t{0};
        }
    };
    EXPECT_EQ(expanded("urn:3"), 1U);
    EXPECT_EQ(expanded("urn:18"), 0U);
    EXPECT_EQ(expanded("urn:30"), 0U) << "more than 20 levels";
}

TEST(Texts, are_found_by_hash) {
    TextArena arena;
    TextIndex index;
    for (std::uint32_t i = 0; i < 5'000; ++i) EXPECT_TRUE(index.add(arena.put("code " + std::to_string(i)), i));
    EXPECT_FALSE(index.add("code 17", 9));
    for (std::uint32_t i = 0; i < 5'000; ++i) EXPECT_EQ(index.find("code " + std::to_string(i)), i);
    EXPECT_EQ(index.find("code 5000"), -1);
    EXPECT_EQ(TextIndex().find("x"), -1);
}

TEST(DefinitionCache, forgets_what_was_used_longest_ago) {
    std::string json = R"({"resourceType":"CodeSystem","url":"urn:x","content":"complete","concept":[)";
    for (int i = 0; i < 200'000; ++i) json += (i == 0 ? R"({"code":")" : R"(,{"code":")") + std::to_string(i) + "\"}";
    const auto system = system_of(json + "]}");
    EXPECT_LT(system->bytes(), DefinitionCache::kMost_bytes);
    DefinitionCache cache;
    int reads = 0;
    const auto ask = [&](Rid rid) {
        (void)cache.get(rid, 1, [&] {
            ++reads;
            return DefinitionCache::Definition(system);
        });
    };
    ask(1);
    ask(1);
    EXPECT_EQ(reads, 1);
    for (Rid rid = 2; rid < 20; ++rid) ask(rid);
    EXPECT_EQ(reads, 19);
    EXPECT_LE(cache.bytes(), DefinitionCache::kMost_bytes);
    ask(19);
    EXPECT_EQ(reads, 19);
    ask(1);
    EXPECT_EQ(reads, 20);
}

}  // namespace
}  // namespace qiao::record::terminology
