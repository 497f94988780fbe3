#include "harness.hpp"

#include "clinical/national_id.hpp"
#include "record/match/match.hpp"

namespace qiao::record::testing {
namespace {

using json::Value;

/// A right number of the unassigned region 990000.
std::string national_id(const std::string& birth_digits, int sequence) {
    const std::string first17 = "990000" + birth_digits + std::to_string(1000 + sequence).substr(1);
    return first17 + *clinical::national_id_check_character(first17);
}

struct Form {
    std::string name = "王伟";
    std::string born = "1980-05-06";
    std::string sex = "male";
    std::string number = {};
    std::string system = std::string(kNationalIdSystem);
    std::string phone = {};
    std::string district = {};
    std::string family = {};
    std::string given = {};

    [[nodiscard]] Value patient() const {
        Value value = Value::object({{"resourceType", "Patient"}});
        Value names = Value::object();
        if (!name.empty()) names.set("text", name);
        if (!family.empty()) names.set("family", family);
        if (!given.empty()) names.set("given", Value::array({given}));
        value.member("name").push(std::move(names));
        if (!sex.empty()) value.set("gender", sex);
        if (!born.empty()) value.set("birthDate", born);
        if (!number.empty()) value.member("identifier").push(Value::object({{"system", system}, {"value", number}}));
        if (!phone.empty()) value.member("telecom").push(Value::object({{"system", "phone"}, {"value", phone}}));
        if (!district.empty()) value.member("address").push(Value::object({{"district", district}}));
        return value;
    }
};

Score score(const Form& a, const Form& b) {
    const Score there = compare(person_of(a.patient()), person_of(b.patient()));
    const Score back = compare(person_of(b.patient()), person_of(a.patient()));
    EXPECT_NEAR(there.bits, back.bits, 1e-9) << a.name << " " << b.name;
    return there;
}

TEST(Match, a_number_is_compared_in_one_form) {
    const std::string system(kNationalIdSystem);
    EXPECT_EQ(comparable_number(system, " １１０１０５１９４９１２３１００２ｘ "), "11010519491231002X");
    EXPECT_EQ(comparable_number(system, "110105 19491231 002x"), "11010519491231002X");
    // 15 places: "19" comes in and the check character behind (the worked example of GB 11643-1999).
    EXPECT_EQ(comparable_number(system, "110105491231002"), "11010519491231002X");
    EXPECT_EQ(comparable_number("urn:other", "110105491231002"), "110105491231002");
    EXPECT_EQ(comparable_phone("+86 (0512) 5559-931"), "8605125559931");
    EXPECT_EQ(comparable_phone("119"), "");
}

TEST(Match, a_paper_weighs_most) {
    const std::string number = national_id("19800506", 1);
    EXPECT_EQ(score({.number = number}, {.number = number}).grade, Grade::certain);
    EXPECT_EQ(score({.number = number}, {.name = "赵敏", .number = number}).grade, Grade::probable) << "whose card is it?";
    EXPECT_EQ(score({.number = "110105491231002", .system = std::string(kNationalIdSystem)}, {.number = "11010519491231002x"}).grade, Grade::certain);
    // Two right numbers are two people, even of one name and day.
    EXPECT_LT(score({.number = number}, {.number = national_id("19800506", 3)}).grade, Grade::probable);
    std::string slip = number;
    std::swap(slip[14], slip[15]);
    if (slip == number) slip[14] = slip[14] == '9' ? '8' : '9';
    EXPECT_EQ(score({.number = number}, {.number = slip}).fields.front().how, Agreement::near);
    EXPECT_EQ(score({.number = number}, {.number = slip}).grade, Grade::probable);
    EXPECT_EQ(
        score({.number = "T1", .system = std::string(kTemporaryIdSystem)}, {.number = "T1", .system = std::string(kTemporaryIdSystem)}).fields.front().how,
        Agreement::missing);
}

TEST(Match, names_are_compared_by_sign_and_by_sound) {
    EXPECT_EQ(score({}, {}).grade, Grade::probable);
    EXPECT_EQ(score({}, {.name = "汪伟"}).grade, Grade::probable) << "the same sound";
    EXPECT_EQ(score({}, {.name = "Wang Wei"}).grade, Grade::probable);
    EXPECT_EQ(score({}, {.name = "Wei WANG"}).grade, Grade::probable);
    EXPECT_EQ(score({}, {.name = "", .family = "伟", .given = "王"}).grade, Grade::probable) << "exchanged";
    EXPECT_EQ(score({.name = "单雄信"}, {.name = "Shan Xiongxin"}).grade, Grade::probable) << "a surname read in its own way";
    EXPECT_EQ(score({.name = "买买提·艾力"}, {.name = "买买提艾力"}).fields[1].how, Agreement::exact);
    EXPECT_EQ(score({.name = "Katharina Schmidt"}, {.name = "Katarina Schmidt"}).fields[1].how, Agreement::near);
    EXPECT_EQ(score({.name = "Müller Jörg"}, {.name = "Jorg Muller"}).fields[1].how, Agreement::exact);
    EXPECT_EQ(score({}, {.name = "王芳", .sex = "female"}).grade, Grade::none);
    EXPECT_GT(score({.name = "欧阳若曦"}, {.name = "欧阳若曦"}).bits, score({}, {}).bits) << "王伟 agreeing weighs little";
}

TEST(Match, dates_and_what_a_family_shares) {
    EXPECT_LT(score({}, {.born = "1980-05-07"}).grade, Grade::probable);
    EXPECT_EQ(score({}, {.born = "1980-06-05"}).fields[2].how, Agreement::near) << "day and month exchanged";
    EXPECT_EQ(score({.born = "1980"}, {}).fields[2].how, Agreement::near);
    EXPECT_EQ(score({.born = "1981"}, {}).fields[2].how, Agreement::disagree);
    EXPECT_LT(score({.born = "1980-01-01"}, {.born = "1980-01-01"}).bits, score({}, {}).bits);
    EXPECT_EQ(score({.born = "1981-05-06", .phone = "+86 130 0000 0001"}, {.phone = "13000000001"}).grade, Grade::probable);
    // Twins: birth date, telephone, district.
    EXPECT_LT(score({.name = "王秀英", .phone = "13000000001", .district = "x"}, {.name = "王秀兰", .phone = "13000000001", .district = "x"}).grade,
              Grade::probable);
    EXPECT_EQ(score({.born = "", .sex = ""}, {.born = "", .sex = ""}).fields[2].how, Agreement::missing);
}

TEST(Match, candidates_come_from_every_block_and_only_from_what_is_seen) {
    Store store;
    const auto put = [&](const std::string& id, const Form& form) {
        Value patient = form.patient();
        patient.set("id", id);
        store.put(patient.dump());
    };
    const std::string number = national_id("19800506", 1);
    put("number", {.name = "赵敏", .number = number});
    put("phone", {.born = "1981-05-06", .phone = "+8613000000001"});
    put("sound", {.name = "汪伟"});
    put("swapped-day", {.name = "王伟", .born = "1980-06-05"});
    put("other", {.name = "李娜", .born = "1990-01-02", .sex = "female"});
    const Form form{.number = number, .phone = "13000000001"};
    const auto found = find_candidates(*store.read(), form.patient(), Grade::possible, 10);
    std::vector<std::string> ids;
    for (const Candidate& one : found) ids.push_back(one.patient.id);
    EXPECT_EQ(ids, (std::vector<std::string>{"number", "phone", "sound", "swapped-day"}));
    EXPECT_EQ(find_candidates(*store.read(), form.patient(), Grade::possible, 1).size(), 1U);
    EXPECT_TRUE(find_candidates(*store.record->read(standing({102}, {2})), form.patient(), Grade::possible, 10).empty());
}

/// Counts what is asked of the record.
class CountingReader : public Reader {
public:
    std::optional<Stored> read(std::string_view, std::string_view) override { return std::nullopt; }
    std::optional<Stored> read_version(std::string_view, std::string_view, std::int64_t) override { return std::nullopt; }
    HistoryPage history(const HistoryAsk&) override { return {}; }
    SearchResult search_in(const SearchPlace&, std::string_view query) override {
        queries.emplace_back(query);
        return {};
    }
    SearchResult everything(const Compartment&) override { return {}; }
    std::optional<Rid> rid_of(std::string_view, std::string_view) override { return std::nullopt; }
    std::string reference_of(Rid) override { return {}; }
    storage::Connection& connection() override { throw Error(ErrorKind::internal, "test", "not asked for"); }

    std::vector<std::string> queries;
};

TEST(Match, only_what_is_compared_is_searched_for) {
    Value patient = Form{.born = ""}.patient();
    patient.member("identifier").push(Value::object({{"system", "urn:long"}, {"value", std::string(100'000, '7')}}));
    for (int i = 0; i < 1000; ++i) {
        patient.member("identifier").push(Value::object({{"system", "urn:many"}, {"value", "N" + std::to_string(i)}}));
        patient.member("telecom").push(Value::object({{"system", "phone"}, {"value", std::to_string(13'000'000'000 + i)}}));
    }
    CountingReader reader;
    find_candidates(reader, patient, Grade::possible, 10);
    const Person person = person_of(patient);
    EXPECT_LE(reader.queries.size(), person.numbers.size() * 2 + person.phones.size() * 5);
    EXPECT_GE(reader.queries.size(), person.numbers.size() + person.phones.size());
    for (const std::string& query : reader.queries) EXPECT_LT(query.size(), 1000U);
    // One character that folding makes 18 of: what a search would refuse is not asked.
    std::string long_name;
    for (int i = 0; i < 130; ++i) long_name += "ﷺ";
    Store store;
    EXPECT_NO_THROW(find_candidates(*store.read(), Form{.name = long_name, .number = long_name, .system = "urn:many"}.patient(), Grade::possible, 10));
}

}  // namespace
}  // namespace qiao::record::testing
