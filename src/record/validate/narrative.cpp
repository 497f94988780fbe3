#include "base/text.hpp"
#include "record/validate/validate.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace qiao::record {

namespace {

constexpr std::size_t kNesting = 64;

// The elements of HTML 4.0 chapters 7-11 and 15 that FHIR allows (R4, narrative page), without forms, frames, scripts, objects.
constexpr std::array<std::string_view, 53> kElements = {
    "a",    "abbr",  "acronym", "b",      "bdo", "big", "blockquote", "br",    "caption", "cite",  "code", "col",   "colgroup", "dd", "del", "dfn", "div", "dl",
    "dt",   "em",    "h1",      "h2",     "h3",  "h4",  "h5",         "h6",    "hr",      "i",     "img",  "ins",   "kbd",      "li", "ol",  "p",   "pre", "q",
    "samp", "small", "span",    "strong", "sub", "sup", "table",      "tbody", "td",      "tfoot", "th",   "thead", "tr",       "tt", "u",   "ul",  "var"};
constexpr std::array<std::string_view, 46> kAttributes = {
    "abbr",     "accesskey", "align",   "alt",      "axis",    "bgcolor", "border",  "cellpadding", "cellspacing", "char",   "charoff", "cite",
    "class",    "color",     "colspan", "datetime", "dir",     "frame",   "headers", "height",      "href",        "hspace", "id",      "lang",
    "longdesc", "name",      "nowrap",  "rel",      "rowspan", "rules",   "scope",   "size",        "span",        "src",    "start",   "style",
    "summary",  "tabindex",  "title",   "type",     "valign",  "value",   "vspace",  "width",       "xml:lang",    "xmlns"};
constexpr std::array<std::string_view, 4> kEmptyElements = {"br", "col", "hr", "img"};

// The character entities of XHTML 1.0.
constexpr std::array<std::string_view, 253> kEntities = {
    "AElig",  "Aacute", "Acirc",  "Agrave",  "Alpha",   "Aring",   "Atilde",   "Auml",   "Beta",    "Ccedil", "Chi",    "Dagger",  "Delta",  "ETH",
    "Eacute", "Ecirc",  "Egrave", "Epsilon", "Eta",     "Euml",    "Gamma",    "Iacute", "Icirc",   "Igrave", "Iota",   "Iuml",    "Kappa",  "Lambda",
    "Mu",     "Ntilde", "Nu",     "OElig",   "Oacute",  "Ocirc",   "Ograve",   "Omega",  "Omicron", "Oslash", "Otilde", "Ouml",    "Phi",    "Pi",
    "Prime",  "Psi",    "Rho",    "Scaron",  "Sigma",   "THORN",   "Tau",      "Theta",  "Uacute",  "Ucirc",  "Ugrave", "Upsilon", "Uuml",   "Xi",
    "Yacute", "Yuml",   "Zeta",   "aacute",  "acirc",   "acute",   "aelig",    "agrave", "alefsym", "alpha",  "amp",    "and",     "ang",    "apos",
    "aring",  "asymp",  "atilde", "auml",    "bdquo",   "beta",    "brvbar",   "bull",   "cap",     "ccedil", "cedil",  "cent",    "chi",    "circ",
    "clubs",  "cong",   "copy",   "crarr",   "cup",     "curren",  "dArr",     "dagger", "darr",    "deg",    "delta",  "diams",   "divide", "eacute",
    "ecirc",  "egrave", "empty",  "emsp",    "ensp",    "epsilon", "equiv",    "eta",    "eth",     "euml",   "euro",   "exist",   "fnof",   "forall",
    "frac12", "frac14", "frac34", "frasl",   "gamma",   "ge",      "gt",       "hArr",   "harr",    "hearts", "hellip", "iacute",  "icirc",  "iexcl",
    "igrave", "image",  "infin",  "int",     "iota",    "iquest",  "isin",     "iuml",   "kappa",   "lArr",   "lambda", "lang",    "laquo",  "larr",
    "lceil",  "ldquo",  "le",     "lfloor",  "lowast",  "loz",     "lrm",      "lsaquo", "lsquo",   "lt",     "macr",   "mdash",   "micro",  "middot",
    "minus",  "mu",     "nabla",  "nbsp",    "ndash",   "ne",      "ni",       "not",    "notin",   "nsub",   "ntilde", "nu",      "oacute", "ocirc",
    "oelig",  "ograve", "oline",  "omega",   "omicron", "oplus",   "or",       "ordf",   "ordm",    "oslash", "otilde", "otimes",  "ouml",   "para",
    "part",   "permil", "perp",   "phi",     "pi",      "piv",     "plusmn",   "pound",  "prime",   "prod",   "prop",   "psi",     "quot",   "rArr",
    "radic",  "rang",   "raquo",  "rarr",    "rceil",   "rdquo",   "real",     "reg",    "rfloor",  "rho",    "rlm",    "rsaquo",  "rsquo",  "sbquo",
    "scaron", "sdot",   "sect",   "shy",     "sigma",   "sigmaf",  "sim",      "spades", "sub",     "sube",   "sum",    "sup",     "sup1",   "sup2",
    "sup3",   "supe",   "szlig",  "tau",     "there4",  "theta",   "thetasym", "thinsp", "thorn",   "tilde",  "times",  "trade",   "uArr",   "uacute",
    "uarr",   "ucirc",  "ugrave", "uml",     "upsih",   "upsilon", "uuml",     "weierp", "xi",      "yacute", "yen",    "yuml",    "zeta",   "zwj",
    "zwnj"};

bool contains(const auto& list, std::string_view name) { return std::ranges::binary_search(list, name); }

bool is_name_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == ':' || c == '-' || c == '_' || c == '.';
}
/// "#65", "#x1F600"
bool is_character_number(std::string_view text) {
    if (text.size() < 2 || text[0] != '#') return false;
    const bool hexadecimal = text[1] == 'x';
    text.remove_prefix(hexadecimal ? 2 : 1);
    constexpr std::string_view kDigits = "0123456789abcdefABCDEF";
    return !text.empty() && text.find_first_not_of(kDigits.substr(0, hexadecimal ? 22 : 10)) == std::string_view::npos;
}

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

/// Links may lead anywhere that a reader chooses to go by clicking; scripts and data may not hide in them.
bool is_safe_link(std::string_view url) {
    if (url.starts_with("//")) return false;
    const auto colon = url.find(':');
    if (colon == std::string_view::npos || colon > url.find_first_of("/?#")) return true;
    const std::string scheme = lower(url.substr(0, colon));
    return scheme == "http" || scheme == "https" || scheme == "mailto" || scheme == "tel" || scheme == "urn";
}

/// What a page loads by itself comes from the resource (#id of a contained one, data) or from beside it.
bool is_safe_source(std::string_view url) {
    if (url.starts_with("//")) return false;
    const auto colon = url.find(':');
    if (colon == std::string_view::npos || colon > url.find_first_of("/?#")) return true;
    const std::string start = lower(url.substr(0, 24));
    return start.starts_with("data:image/png") || start.starts_with("data:image/jpeg") || start.starts_with("data:image/gif") ||
           start.starts_with("data:image/webp");
}

bool is_safe_style(std::string_view style) {
    std::string plain;
    for (const char c : lower(style)) {
        if (!is_blank(c)) plain.push_back(c);
    }
    for (const std::string_view bad : {"url(", "expression", "@import", "\\", "behavior", "-moz-binding", "javascript:", "position:fixed", "position:absolute",
                                       "position:sticky", "/*", "image-set(", "src("}) {
        if (plain.find(bad) != std::string::npos) return false;
    }
    return true;
}

/// Reads a narrative as strict XML with a whitelist; keeps the open elements to see that they are closed in order.
class NarrativeCheck {
public:
    explicit NarrativeCheck(std::string_view text) : text_(trim(text)) {}

    std::string check() {
        if (!text_.starts_with("<div") || text_.size() < 5 || is_name_character(text_[4])) return "the narrative is no div element";
        while (problem_.empty() && at_ < text_.size()) {
            if (text_[at_] == '<') {
                markup();
            } else {
                character();
            }
        }
        if (!problem_.empty()) return problem_;
        if (!open_.empty()) return "element not closed: " + std::string(open_.back());
        if (!something_) return "the narrative has neither text nor image";
        return {};
    }

private:
    void fail(std::string problem) {
        if (problem_.empty()) problem_ = std::move(problem);
    }
    bool take(std::string_view wanted) {
        if (text_.substr(at_, wanted.size()) != wanted) return false;
        at_ += wanted.size();
        return true;
    }
    std::string_view name() {
        const std::size_t begin = at_;
        while (at_ < text_.size() && is_name_character(text_[at_])) ++at_;
        return text_.substr(begin, at_ - begin);
    }
    bool blanks() {
        const std::size_t begin = at_;
        while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
        return at_ != begin;
    }

    void character() {
        if (open_.empty()) return fail("text outside the div element");
        if (text_[at_] == '&') {
            something_ = true;
            return entity();
        }
        something_ = something_ || !is_blank(text_[at_]);
        ++at_;
    }

    void entity() {
        const auto end = text_.find(';', at_);
        if (end == std::string_view::npos || end - at_ < 2 || end - at_ > 16) return fail("& is written &amp;");
        const std::string_view entity_name = text_.substr(at_ + 1, end - at_ - 1);
        if (!is_character_number(entity_name) && !contains(kEntities, entity_name)) return fail("no character entity of XHTML: " + std::string(entity_name));
        at_ = end + 1;
    }

    void markup() {
        if (take("<!--")) return comment();
        if (take("</")) return close();
        ++at_;
        const std::string_view element = name();
        if (element.empty()) return fail("only elements, text and comments may stand in a narrative");
        if (!contains(kElements, element)) return fail("element not allowed: " + std::string(element.substr(0, 32)));
        if (open_.empty() && seen_root_) return fail("more than one element at the top");
        seen_root_ = true;
        while (problem_.empty()) {
            const bool blank = blanks();
            if (take("/>")) {
                something_ = something_ || element == "img";
                return;
            }
            if (take(">")) break;
            if (!blank) return fail("malformed tag: " + std::string(element));
            attribute(element);
        }
        something_ = something_ || element == "img";
        if (contains(kEmptyElements, element) && text_.substr(at_, 2) != "</") return fail("element not closed: " + std::string(element));
        open_.push_back(element);
        if (open_.size() > kNesting) fail("elements are nested too deep");
    }

    void comment() {
        const auto end = text_.find("--", at_);
        // A comment that an HTML parser would end earlier could hide an element from this check.
        if (end == std::string_view::npos || text_.substr(end, 3) != "-->" || text_.substr(at_, 1) == ">" || text_.substr(at_, 2) == "->" ||
            text_.substr(at_, end - at_).find('<') != std::string_view::npos) {
            return fail("malformed comment");
        }
        at_ = end + 3;
    }

    void close() {
        const std::string_view element = name();
        blanks();
        if (!take(">") || open_.empty() || open_.back() != element) return fail("end tag without its element: " + std::string(element.substr(0, 32)));
        open_.pop_back();
    }

    void attribute(std::string_view element) {
        const std::string_view attribute_name = name();
        if (!contains(kAttributes, attribute_name)) return fail("attribute not allowed: " + std::string(attribute_name.substr(0, 32)));
        blanks();
        if (!take("=")) return fail("attribute without a value: " + std::string(attribute_name));
        blanks();
        const char quote = at_ < text_.size() ? text_[at_] : '\0';
        const auto end = quote == '"' || quote == '\'' ? text_.find(quote, at_ + 1) : std::string_view::npos;
        if (end == std::string_view::npos) return fail("attribute value not quoted: " + std::string(attribute_name));
        const std::string_view value = text_.substr(at_ + 1, end - at_ - 1);
        at_ = end + 1;
        if (value.find('<') != std::string_view::npos) return fail("< in an attribute value");
        attribute_value(element, attribute_name, value);
    }

    void attribute_value(std::string_view element, std::string_view attribute_name, std::string_view value) {
        const bool is_link = attribute_name == "href" || attribute_name == "cite" || attribute_name == "longdesc";
        const bool is_source = attribute_name == "src";
        if (attribute_name == "xmlns" && value != "http://www.w3.org/1999/xhtml") return fail("the namespace is not XHTML's");
        if (is_source && element != "img") return fail("attribute not allowed: src");
        if (is_link || is_source || attribute_name == "style") {
            // Character references could spell a scheme that this check looks for.
            for (auto at = value.find('&'); at != std::string_view::npos; at = value.find('&', at + 1)) {
                if (!value.substr(at).starts_with("&amp;") && !value.substr(at).starts_with("&quot;"))
                    return fail("character reference in " + std::string(attribute_name));
            }
        }
        const bool controls = std::ranges::any_of(value, [](char c) { return static_cast<unsigned char>(c) < 0x20; });
        if ((is_link || is_source) && controls) return fail("control character in " + std::string(attribute_name));
        if (is_link && !is_safe_link(trim(value))) return fail("this kind of link is not allowed");
        if (is_source && !is_safe_source(trim(value))) return fail("images come from the resource itself, not from elsewhere");
        if (attribute_name == "style" && !is_safe_style(value)) return fail("this style is not allowed");
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::vector<std::string_view> open_;
    bool seen_root_ = false;
    bool something_ = false;
    std::string problem_;
};

}  // namespace

std::string check_narrative(std::string_view div) { return NarrativeCheck(div).check(); }

}  // namespace qiao::record
