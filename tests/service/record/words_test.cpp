#include "service.hpp"

#include <fmt/format.h>

/// What people type: names with and without accents, Chinese by sign and by sound, dates that are known in part.
namespace qiao::record::testing {
namespace {

struct Words : ::testing::Test {
    Service service;

    void put(const std::string& id, const std::string& rest) {
        const auto answer = service.send(Method::put, "/fhir/Patient/" + id, R"({"resourceType":"Patient","id":")" + id + "\"," + rest + "}");
        ASSERT_EQ(answer.status, 201) << answer.body;
    }
    void named(const std::string& id, const std::string& family, const std::string& given) {
        put(id, fmt::format(R"("name":[{{"family":"{}","given":["{}"]}}])", family, given));
    }
    /// What a search finds, in the order of the ids.
    std::string find(const std::string& query) {
        std::string encoded;
        for (const char c : query) encoded += static_cast<unsigned char>(c) < 0x80 ? (c == ' ' ? std::string("+") : std::string(1, c)) : percent_encode(std::string(1, c));
        return service.found("/fhir/Patient?" + encoded + "&_sort=_id");
    }
};

TEST_F(Words, accents_and_case_do_not_matter) {
    named("a", "Müller", "Jürgen");
    named("b", "García Márquez", "José");
    named("c", "Łuczak", "Żaneta");
    named("d", "Ørsted", "Åse");
    named("e", "Straßburger", "Zoë");
    named("f", "Nguyễn", "Đức");
    named("g", "Œuvrard", "François");
    named("h", "O'Neill-Smith", "Seán");
    named("i", "Алексеев", "Фёдор");
    named("j", "ＷＡＮＧ", "ｗｅｉ");
    for (const auto& [query, ids] : std::map<std::string, std::string>{{"name=muller", "a"},
                                                                       {"name=MÜLLER", "a"},
                                                                       {"name=Mu\xCC\x88ller", "a"},  // the same letter in two signs
                                                                       {"given=JURGEN", "a"},
                                                                       {"family=garcia marquez", "b"},
                                                                       {"family=GARCÍA  MÁRQUEZ", "b"},
                                                                       {"given=jose", "b"},
                                                                       {"name=luczak", "c"},
                                                                       {"given=zaneta", "c"},
                                                                       {"name=orsted", "d"},
                                                                       {"given=ase", "d"},
                                                                       {"name=strassburger", "e"},
                                                                       {"name=STRAẞBURGER", "e"},
                                                                       {"given=zoe", "e"},
                                                                       {"name=nguyen", "f"},
                                                                       {"given=duc", "f"},
                                                                       {"name=oeuvrard", "g"},
                                                                       {"given=francois", "g"},
                                                                       {"family=o'neill", "h"},
                                                                       {"given=sean", "h"},
                                                                       {"family=АЛЕКСЕЕВ", "i"},
                                                                       {"given=фёдор", "i"},
                                                                       {"given=федор", "i"},
                                                                       {"family=wang", "j"},
                                                                       {"name:contains=LLER", "a"},
                                                                       {"name:contains=rques", ""},
                                                                       {"name:contains=rquez", "b"},
                                                                       {"family:exact=Müller", "a"},
                                                                       {"family:exact=muller", ""},
                                                                       {"family:exact=müller", ""},
                                                                       {"name=ller", ""}}) {
        EXPECT_EQ(find(query), ids) << query;
    }
}

TEST_F(Words, chinese_is_found_by_sign_and_by_sound) {
    put("a", R"("name":[{"text":"张伟"}])");
    put("b", R"("name":[{"text":"張偉","family":"張","given":["偉"]}])");
    named("c", "张", "三丰");
    named("d", "章", "子怡");
    named("e", "Zhang", "Wei");
    named("f", "欧阳", "娜娜");
    put("g", R"("name":[{"text":"单雄信"}])");
    put("h", R"("name":[{"text":"吕布"}])");
    put("i", R"("name":[{"text":"阿依古丽·买买提"}])");
    put("j", R"("name":[{"text":"曾国藩"},{"text":"Tseng Kuo-fan","use":"old"}])");
    put("k", R"("name":[{"text":"李小龙Bruce"}])");
    for (const auto& [query, ids] : std::map<std::string, std::string>{{"name=zhang", "a b c d e"},
                                                                       {"name=ZHANG", "a b c d e"},
                                                                       {"name=zhāng", "a b c d e"},
                                                                       {"name=zhangwei", "a b"},
                                                                       {"name=zhang wei", "a b"},
                                                                       {"name=Zhang Wei", "a b"},
                                                                       {"name=Zhāng Wěi", "a b"},
                                                                       {"name=张", "a c"},
                                                                       {"name=张伟", "a"},
                                                                       {"name=張", "b"},
                                                                       {"name=zw", "a b"},
                                                                       {"name=张wei", "a b"},
                                                                       {"name=张 wei", "a b"},
                                                                       {"name=zhang伟", "a b"},
                                                                       {"name=张san", "c"},
                                                                       {"name=张li", ""},
                                                                       {"family=zhang", "b c d e"},
                                                                       {"family=张", "c"},
                                                                       {"given=sanfeng", "c"},
                                                                       {"name=ouyang", "f"},
                                                                       {"name=ou yang nana", "f"},
                                                                       {"name=欧阳娜娜", "f"},
                                                                       {"name=shanxiongxin", "g"},
                                                                       {"name=danxiongxin", ""},
                                                                       {"name=lvbu", "h"},
                                                                       {"name=lübu", "h"},
                                                                       {"name=lǚ bù", "h"},
                                                                       {"name=阿依古丽", "i"},
                                                                       {"name=阿依古丽・买买提", "i"},
                                                                       {"name=ayiguli", "i"},
                                                                       {"name=zengguofan", "j"},
                                                                       {"name=tseng", "j"},
                                                                       {"name=lixiaolongbruce", "k"},
                                                                       {"name=李小龙bruce", "k"},
                                                                       {"name=zhang,ouyang", "a b c d e f"},
                                                                       {"name=zhang&name=wei", "b e"},
                                                                       {"name:contains=xiong", "g"},
                                                                       {"name:exact=张伟", "a"},
                                                                       {"name:exact=zhangwei", ""}}) {
        EXPECT_EQ(find(query), ids) << query;
    }
}

TEST_F(Words, dates_that_are_known_in_part) {
    put("day", R"("birthDate":"1980-05-17")");
    put("month", R"("birthDate":"1980-05")");
    put("year", R"("birthDate":"1980")");
    put("leap", R"("birthDate":"2024-02-29")");
    put("none", R"("active":true)");
    for (const auto& [query, ids] : std::map<std::string, std::string>{{"birthdate=1980", "day month year"},
                                                                       {"birthdate=eq1980-05", "day month"},
                                                                       {"birthdate=1980-05-17", "day"},
                                                                       {"birthdate=ne1980-05", "leap year"},
                                                                       {"birthdate=gt1980-05-17", "leap month year"},  // what may lie behind the day
                                                                       {"birthdate=ge1980-05-17", "day leap month year"},
                                                                       {"birthdate=lt1980-05-17", "month year"},
                                                                       {"birthdate=le1980-05", "day month year"},
                                                                       {"birthdate=sa1980", "leap"},
                                                                       {"birthdate=sa1980-04", "day leap month"},
                                                                       {"birthdate=eb1981", "day month year"},
                                                                       {"birthdate=eb1980-06", "day month"},
                                                                       {"birthdate=2024-02", "leap"},
                                                                       {"birthdate=2024-02-29", "leap"},
                                                                       {"birthdate=1980-05,2024", "day leap month"},
                                                                       {"birthdate=ge1980&birthdate=lt1981", "day month year"},
                                                                       {"birthdate=ap1980", "day month year"},
                                                                       {"birthdate:missing=true", "none"},
                                                                       {"birthdate:missing=false", "day leap month year"}}) {
        EXPECT_EQ(find(query), ids) << query;
    }
    for (const std::string_view bad : {"1980-5", "80", "1980-13", "1980-02-30", "19800517", "1980-05-17T", "1980-05-17T25:00", "0", "1980/05/17", "yesterday"}) {
        const auto answer = service.get("/fhir/Patient?birthdate=" + std::string(bad));
        EXPECT_EQ(answer.status, 400) << bad;
        EXPECT_NE(answer.body.find("birthdate"), std::string::npos) << bad;
    }
}

/// A day is the day of the centre, whose zone is Asia/Shanghai; what says its own zone keeps it.
TEST_F(Words, days_are_those_of_the_centre) {
    const auto put_at = [&](const std::string& id, const std::string& when) {
        const auto answer = service.send(Method::put, "/fhir/Observation/" + id,
                                         R"({"resourceType":"Observation","id":")" + id + R"(","status":"final","code":{"text":"x"},"effectiveDateTime":")" + when + R"("})");
        ASSERT_EQ(answer.status, 201) << answer.body;
    };
    put_at("early", "2026-03-01T01:00:00+08:00");   // 28 February in UTC
    put_at("late", "2026-03-01T23:30:00+08:00");
    put_at("zulu", "2026-03-01T17:00:00Z");         // 2 March here
    put_at("day", "2026-03-01");
    put_at("month", "2026-03");
    const auto find_at = [&](const std::string& query) { return service.found("/fhir/Observation?" + query + "&_sort=_id"); };
    EXPECT_EQ(find_at("date=2026-03-01"), "day early late");
    EXPECT_EQ(find_at("date=2026-03-02"), "zulu");
    EXPECT_EQ(find_at("date=2026-03"), "day early late month zulu");
    EXPECT_EQ(find_at("date=2026-02"), "");
    EXPECT_EQ(find_at("date=ge2026-02-28T17:00:00Z&date=lt2026-02-28T18:00:00Z"), "day early month");
    EXPECT_EQ(find_at("date=2026-03-01T23:30:00%2B08:00"), "late");
    EXPECT_EQ(find_at("date=2026-03-01T15:30:00Z"), "late");
    EXPECT_EQ(find_at("date=2026-03-01T23:30"), "late");
}

}  // namespace
}  // namespace qiao::record::testing
