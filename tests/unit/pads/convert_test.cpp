// What people bring: images without what they say about their maker, documents with their structure.
#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "daemon/base/io.hpp"
#include "modules/pads/convert/decode.hpp"
#include "modules/pads/convert/document.hpp"
#include "modules/pads/export/export.hpp"
#include "modules/pads/export/render.hpp"

namespace hameau::pads {
namespace {

namespace json = boost::json;

std::string big_endian(std::uint32_t value, int count) {
    std::string out;
    for (int shift = 8 * (count - 1); shift >= 0; shift -= 8) {
        out += static_cast<char>(value >> shift & 0xff);
    }
    return out;
}

/// A JPEG's skeleton: enough for the container, not for a decoder.
std::string jpeg_with(const std::string& segments) {
    std::string frame("\xff\xc0\x00\x0b\x08", 5);
    frame += big_endian(2, 2) + big_endian(3, 2) + std::string("\x01\x01\x11\x00", 4);
    return "\xff\xd8" + segments + frame + std::string("\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00", 10) + std::string("da\xff\x00ta\xff\xd0ta", 9) + "\xff\xd9";
}
std::string segment(char code, const std::string& content) {
    return std::string("\xff") + code + big_endian(static_cast<std::uint32_t>(content.size() + 2), 2) + content;
}
std::string exif(int orientation) {
    std::string content("Exif\0\0II\x2a\0\x08\0\0\0\x02\0", 16);
    content += std::string("\x12\x01\x03\0\x01\0\0\0", 8) + static_cast<char>(orientation) + std::string("\0\0\0", 3);
    content += std::string("\x25\x88\x04\0\x01\0\0\0\x26\0\0\0", 12) + std::string(4, '\0') + "GPS 48.1 -2.7";
    return segment('\xe1', content);
}

TEST(Strip, AJpegForgetsItsMakerAndKeepsWhichSideIsUp) {
    const std::string secret = exif(6) + segment('\xe1', "http://ns.adobe.com/xap/1.0/ XMP secret") + segment('\xfe', "comment secret") +
                               segment('\xed', "Photoshop secret") + segment('\xe2', std::string("MPF\0secret", 10));
    const std::string colours = segment('\xe2', std::string("ICC_PROFILE\0\1\1colours", 21));
    const auto out = strip_image(jpeg_with(secret + colours) + "another picture behind, secret");
    ASSERT_TRUE(out.has_value()) << out.error().message;
    EXPECT_EQ(out->orientation, 6);
    EXPECT_EQ(out->width, 3u);
    EXPECT_EQ(out->height, 2u);
    EXPECT_EQ(out->bytes.find("secret"), std::string::npos);
    EXPECT_EQ(out->bytes.find("GPS"), std::string::npos);
    EXPECT_NE(out->bytes.find("colours"), std::string::npos);
    const auto again = strip_image(out->bytes);
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(again->bytes, out->bytes) << "stripping what is stripped changes nothing";
    EXPECT_EQ(again->orientation, 6);
}

TEST(Strip, APngKeepsPixelsAndColours) {
    const auto chunk = [](const char* name, const std::string& content) {
        return big_endian(static_cast<std::uint32_t>(content.size()), 4) + name + content + "crc.";
    };
    const std::string head = std::string("\x89PNG\r\n\x1a\n", 8) + chunk("IHDR", big_endian(5, 4) + big_endian(7, 4) + std::string("\x08\x02\0\0\0", 5));
    const auto out = strip_image(head + chunk("tEXt", "secret") + chunk("gAMA", "gggg") + chunk("eXIf", "secret") + chunk("IDAT", "pixels") +
                                 chunk("tIME", "secret") + chunk("IEND", "") + "secret");
    ASSERT_TRUE(out.has_value());
    EXPECT_EQ(out->bytes, head + chunk("gAMA", "gggg") + chunk("IDAT", "pixels") + chunk("IEND", ""));
    EXPECT_EQ(out->height, 7u);
    EXPECT_EQ(strip_image(head + chunk("IDAT", "cut")).error().message, "image_damaged");
}

TEST(Strip, AGifKeepsItsFilmAndNotItsComments) {
    const std::string head("GIF89a\x02\0\x02\0\0\0\0", 13);
    const std::string loop = std::string("\x21\xff\x0bNETSCAPE2.0\x03\x01\0\0\0", 19);
    const std::string frame("\x2c\0\0\0\0\x02\0\x02\0\0\x02\x02\x44\x01\0", 15);
    const std::string comment = std::string("\x21\xfe\x06secret\0", 10);
    const auto film = strip_image(head + loop + comment + frame + comment + frame + ";secret");
    ASSERT_TRUE(film.has_value());
    EXPECT_TRUE(film->animated);
    EXPECT_EQ(film->bytes, head + loop + frame + frame + ";");
    EXPECT_EQ(strip_image(head + ";").error().message, "image_damaged") << "no frame at all";
}

TEST(Strip, AWebpLosesItsMetadataAndItsFlags) {
    const auto chunk = [](const char* name, const std::string& content) {
        std::string size = big_endian(static_cast<std::uint32_t>(content.size()), 4);
        return std::string(name) + std::string(size.rbegin(), size.rend()) + content + (content.size() % 2 == 1 ? std::string(1, '\0') : "");
    };
    const auto riff = [](const std::string& body) {
        std::string size = big_endian(static_cast<std::uint32_t>(body.size() + 4), 4);
        return "RIFF" + std::string(size.rbegin(), size.rend()) + "WEBP" + body;
    };
    const auto head = [&](char flags) { return chunk("VP8X", std::string(1, flags) + std::string("\0\0\0\x07\0\0\x03\0\0", 9)); };
    const auto out = strip_image(riff(head('\x2c') + chunk("VP8 ", "pixels") + chunk("EXIF", "GPS secret!") + chunk("XMP ", "secret")));
    ASSERT_TRUE(out.has_value());
    EXPECT_EQ(out->bytes, riff(head('\x20') + chunk("VP8 ", "pixels")));
    EXPECT_EQ(out->width, 8u);
    EXPECT_EQ(out->height, 4u);
}

std::string real_image(const char* name) {
    return read_file(std::string(HAMEAU_SOURCE_DIR) + "/tests/unit/pads/images/" + name, 1 << 20).value_or("");
}
std::size_t count(std::string_view text, std::string_view wanted) {
    std::size_t found = 0;
    for (std::size_t at = text.find(wanted); at != std::string_view::npos; at = text.find(wanted, at + 1)) {
        ++found;
    }
    return found;
}

TEST(Strip, RealImagesForgetWhereTheyWereTaken) {
    for (const char* name : {"photo.jpg", "drawing.png", "picture.webp", "film.webp", "film.gif"}) {
        const std::string image = real_image(name);
        ASSERT_NE(image.find("Secret Person"), std::string::npos) << name;
        const auto out = strip_image(image);
        ASSERT_TRUE(out.has_value()) << name;
        const std::string view = name == std::string_view("photo.jpg") ? out->bytes.substr(2 + 36) : out->bytes;  // which side is up stays
        for (const char* trace : {"Secret", "GPS", "Exif", "EXIF", "eXIf", "XMP", "xpacket", "adobe", "exif:", "Photoshop", "tEXt"}) {
            EXPECT_EQ(view.find(trace), std::string::npos) << name << " " << trace;
        }
        EXPECT_EQ(out->animated, std::string_view(name).starts_with("film")) << name;
        EXPECT_EQ(strip_image(out->bytes).value().bytes, out->bytes) << name;
        if (out->animated) {
            EXPECT_EQ(count(out->bytes, out->type == ImageType::gif ? std::string_view("\x21\xf9\x04", 3) : "ANMF"), 3u) << name;
            EXPECT_EQ(count(out->bytes, out->type == ImageType::gif ? "NETSCAPE2.0" : "ANIM"), 1u) << name;
            continue;
        }
        Stripped as_it_came = *out;
        as_it_came.bytes = image;
        const auto pixels = decode_image(*out, 1600);
        ASSERT_TRUE(pixels.has_value()) << name;
        EXPECT_EQ(pixels->picture.pixels, decode_image(as_it_came, 1600).value().picture.pixels) << name << ": no pixel changed";
        EXPECT_EQ(pixels->picture.width, out->orientation == 6 ? 16u : 24u) << name;
        const std::string webp = encode_webp(*pixels).value();
        EXPECT_EQ(webp.find("EXIF"), std::string::npos);
    }
    EXPECT_EQ(strip_image(real_image("photo.jpg")).value().orientation, 6);
}

TEST(Strip, NothingHidesInAFrame) {
    std::string film = strip_image(real_image("film.webp")).value().bytes;
    const std::string clean = film;
    const std::string secret("EXIF\x06\0\0\0secret", 14);
    const std::size_t frame = film.find("ANMF");
    film.insert(frame + 8 + 16, secret);
    for (const std::size_t at : {frame + 4, std::size_t{4}}) {
        const std::size_t size = static_cast<std::uint8_t>(film[at]) + 256u * static_cast<std::uint8_t>(film[at + 1]) + secret.size();
        film[at] = static_cast<char>(size & 0xff);
        film[at + 1] = static_cast<char>(size >> 8);
    }
    ASSERT_TRUE(strip_image(film).has_value());
    EXPECT_EQ(strip_image(film).value().bytes, clean);
}

TEST(Strip, RefusesWhatIsNoImageOrABomb) {
    EXPECT_EQ(strip_image("<svg xmlns=\"http://www.w3.org/2000/svg\"/>").error().message, "image_unknown");
    EXPECT_EQ(strip_image("").error().message, "image_unknown");
    const std::string bomb = std::string("\x89PNG\r\n\x1a\n", 8) + big_endian(13, 4) + "IHDR" + big_endian(60'000, 4) + big_endian(60'000, 4) +
                             std::string("\x08\x02\0\0\0crc.", 9) + big_endian(0, 4) + "IENDcrc.";
    EXPECT_EQ(strip_image(bomb).error().message, "image_too_many_pixels");
    const std::string whole = jpeg_with(exif(3));
    for (std::size_t size = 3; size < whole.size(); ++size) {
        EXPECT_FALSE(strip_image(whole.substr(0, size)).has_value()) << size;
    }
}

TEST(Scale, AveragesAndTurns) {
    BoxScaler scaler(4, 2, 2, 1);
    const std::vector<std::uint8_t> row = {0, 0, 0, 255, 200, 0, 0, 255, 10, 20, 30, 255, 10, 20, 30, 255};
    scaler.add_row(row);
    scaler.add_row(row);
    const Picture small = scaler.finish();
    EXPECT_EQ(small.pixels, (std::vector<std::uint8_t>{100, 0, 0, 255, 10, 20, 30, 255}));
    BoxScaler clear(2, 1, 1, 1);
    clear.add_row(std::vector<std::uint8_t>{250, 0, 0, 255, 0, 0, 0, 0});
    EXPECT_EQ(clear.finish().pixels, (std::vector<std::uint8_t>{250, 0, 0, 128})) << "what is transparent has no colour";
    Picture two;
    two.width = 2;
    two.height = 1;
    two.pixels = {1, 1, 1, 255, 2, 2, 2, 255};
    const Picture turned = turn(two, 6);  // shown after a quarter turn to the right
    EXPECT_EQ(turned.width, 1u);
    EXPECT_EQ(turned.pixels[0], 1);
    EXPECT_EQ(turn(two, 8).pixels[0], 2);
    EXPECT_EQ(turn(two, 3).pixels[0], 2);
    std::uint32_t width = 4000;
    std::uint32_t height = 1;
    fit_within(1600, width, height);
    EXPECT_EQ(width, 1600u);
    EXPECT_EQ(height, 1u);
}

// Every block and mark that Markdown has, as our exporter writes it.
constexpr std::string_view sample = R"(# Réunion *du* **bureau**

Un lien [ici](<https://amis.test/a?b=c>), du `code`, ~~barré~~, \*rien\*, 1 \< 2\
nouvelle ligne

- un
- deux
  1. dedans
  2. encore

     deuxième paragraphe
- trois

3. trois
4. quatre

- [x] fait
- [ ] à faire

> cité
>
> - dans la citation

| nom | note |
| --- | --- |
| Marie | a \| b |
| Yann | **gras** |

```sh
ls -l
  echo "x"
```

---

![plan](</api/v1/pads/p/images/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef>)
)";

TEST(Import, MarkdownThereAndBackIsTheSame) {
    const auto document = read_document(sample, DocumentForm::markdown);
    ASSERT_TRUE(document.has_value());
    EXPECT_EQ(document->title, "Réunion du bureau");
    const auto again = export_document(*export_format("markdown"), document->update, "", false);
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(*again, sample);
}

TEST(Import, ABreakBehindABoxIsTheBoxsBlank) {
    for (const auto& [text, expected] : {std::pair("- [x]  \n  été\n", "- [x] été\n"), std::pair("![une  \nimage](http://a.b/c.png)\n", "[une image](<http://a.b/c.png>)\n")}) {
        const auto document = read_document(text, DocumentForm::markdown);
        ASSERT_TRUE(document.has_value());
        const auto again = export_document(*export_format("markdown"), document->update, "", false);
        ASSERT_TRUE(again.has_value()) << text;
        EXPECT_EQ(*again, expected);
    }
}

TEST(Import, MarkdownIsStableWhateverPeopleWrote) {
    for (const std::string_view text : {"* a\n* b\n\n\n+ c\n", "Titre\n=====\n\ntexte  \nsuite\n", "1) a\n2) b\n\n> x\ny\n", "a\n***\nb", "<div>x <b>y</b></div>\n\nz",
                                        "- [ ] a\n- b\n", "    code\n\ttab", "| a |\n|---|\n", "[x]: http://a.b\n\n[x] et <http://c.d>", "**a *b* c** _d_ __e__",
                                        "- a\n\n  - b\n\n    - c\n", "![dehors](https://x.y/z.png \"t\")", "\\# pas un titre\n\n#", "&amp; &copy; <script>alert(1)</script>", ""}) {
        const auto first = read_document(text, DocumentForm::markdown);
        ASSERT_TRUE(first.has_value());
        const auto once = export_document(*export_format("markdown"), first->update, "", false);
        const auto second = read_document(*once, DocumentForm::markdown);
        const auto twice = export_document(*export_format("markdown"), second->update, "", false);
        EXPECT_EQ(*once, *twice) << text;
        EXPECT_EQ(once->find("<script"), std::string::npos) << *once;
    }
}

TEST(Import, HtmlKeepsStructureAndNothingElse) {
    constexpr std::string_view page =
        "<html><head><title>Une  page</title><style>p{}</style></head><body onload=alert(1)><script>alert(2)</script>"
        "<h2 style='text-align: center'>Titre</h2><p>Un <b>mot <i>gras</i></b> <a href='javascript:alert(3)'>non</a> <a href='/a'>oui</a>"
        "<br>suite</p><ul><li>un<ul><li>deux</ul></ul>libre<div>bloc</div><table><tr><th colspan=2>t<tr><td>a<td rowspan=2>b</table>"
        "<ul class=tasks><li><input type=checkbox checked> fait</li></ul><pre>a\n  b</pre><img src=https://x.y/z.png alt=dehors>"
        "<img src='/api/v1/pads/p/images/abc' alt=dedans width=40><iframe src=x>y</iframe><u>s</u><mark>m</mark><sub>i</sub><sup>e</sup></body></html>";
    const auto document = read_document(page, DocumentForm::html);
    ASSERT_TRUE(document.has_value());
    EXPECT_EQ(document->title, "Une page");
    const auto events = read_content(document->update);
    ASSERT_TRUE(events.has_value());
    const std::string html = render_html_fragment(*events);
    EXPECT_EQ(html,
              "<h2 style=\"text-align:center\">Titre</h2>\n<p>Un <strong>mot </strong><strong><em>gras</em></strong> non "
              "<a href=\"/a\" rel=\"noopener noreferrer\">oui</a><br>suite</p>\n<ul><li><p>un</p>\n<ul><li><p>deux</p>\n</li>\n</ul>\n</li>\n</ul>\n"
              "<p>libre</p>\n<p>bloc</p>\n<table><thead><tr><th colspan=\"2\"><p>t</p>\n</th>\n</tr>\n</thead>\n<tr><td><p>a</p>\n</td>\n<td rowspan=\"2\"><p>b</p>\n</td>\n</tr>\n</table>\n"
              "<ul class=\"tasks\"><li><input type=\"checkbox\" checked disabled> <p>fait</p>\n</li>\n</ul>\n<pre><code>a\n  b</code></pre>\n"
              "<p><a href=\"https://x.y/z.png\" rel=\"noopener noreferrer\">dehors</a></p>\n<img src=\"/api/v1/pads/p/images/abc\" alt=\"dedans\" width=\"40\">\n"
              "<p><u>s</u><mark>m</mark><sub>i</sub><sup>e</sup></p>\n");
    const auto again = read_document(html, DocumentForm::html);
    EXPECT_EQ(render_html_fragment(read_content(again->update).value()), html) << "our own HTML comes back as it was";
}

std::string html_again(std::string_view html) {
    const auto document = read_document(html, DocumentForm::html);
    return document ? render_html_fragment(read_content(document->update).value_or(std::vector<Event>())) : std::string();
}
/// What the cells of a table say of their widths.
std::string widths_in(const std::string& html) {
    std::string out;
    constexpr std::string_view before = "data-colwidth=\"";
    for (std::size_t at = html.find(before); at != std::string::npos; at = html.find(before, at + 1)) {
        out += html.substr(at + before.size(), html.find('"', at + before.size()) - at - before.size()) + " ";
    }
    return out;
}

TEST(Import, WhatPeopleSaidOfAnImageAndWhatNobodySaid) {
    const std::string own = "/api/v1/pads/p/images/a";
    const auto markdown_again = [](std::string_view text) {
        const auto document = read_document(text, DocumentForm::markdown);
        return document ? *export_document(*export_format("markdown"), document->update, "", false) : std::string();
    };
    for (const std::string said : {"", " alt=\"\"", " alt=\"un &quot;plan&quot;\" title=\"t\" width=\"40\" height=\"30\""}) {
        const std::string html = "<img src=\"" + own + "\"" + said + ">\n";
        EXPECT_EQ(html_again(html), html);
        const auto events = read_content(read_document(html, DocumentForm::html)->update);
        const std::string markdown = render_markdown(*events);
        EXPECT_EQ(markdown_again(markdown), markdown);
        EXPECT_EQ(render_html_fragment(*read_content(read_document(markdown, DocumentForm::markdown)->update)), html) << markdown;
    }
    EXPECT_EQ(markdown_again("![](" + own + ")\n"), "![](<" + own + ">)\n");
    EXPECT_EQ(markdown_again("a <img src=" + own + " alt=''> b\n"), "a\n\n<img src=\"" + own + "\" alt=\"\">\n\nb\n");
    EXPECT_EQ(markdown_again("| <img src=" + own + " alt='x\\|y' width=3> |\n|---|\n"), "| <img src=\"" + own + "\" alt=\"x\\|y\" width=\"3\"> |\n| --- |\n");
}

TEST(Import, LooksThatOtherProgramsWrite) {
    constexpr struct {
        std::string_view html;
        std::string_view again;
    } cases[] = {
        {"<p><span style='color: rgb(204, 0, 0)'>a</span><font color=navy face='Arial, \"Noto Sans\"'>b</font></p>",
         "<p><span style=\"color:#cc0000\">a</span><span style=\"color:navy;font-family:Arial, &quot;Noto Sans&quot;\">b</span></p>\n"},
        {"<p><span style='color:red'>a<span style='font-size: 14pt'>b</span></span></p>", "<p><span style=\"color:red\">a</span><span style=\"color:red;font-size:14pt\">b</span></p>\n"},
        {"<p><span style='color:black;background:white'>a</span><span style='color:windowtext;font-size:medium;font-family:a;b'>b</span></p>", "<p>a<span style=\"font-family:a\">b</span></p>\n"},
        {"<p><span style='font-weight:700;font-style:italic'>a</span><span style='text-decoration:underline line-through'>b</span><span style='vertical-align:super'>c</span></p>",
         "<p><strong><em>a</em></strong><u><s>b</s></u><sup>c</sup></p>\n"},
        {"<b style='font-weight:normal'><p>a</p></b><p align=center>b</p><h2 align=RIGHT>c</h2><h3 align=right>d</h3>", "<p>a</p>\n<p style=\"text-align:center\">b</p>\n<h2>c</h2>\n<h3 style=\"text-align:right\">d</h3>\n"},
        {"<p><span style='background:#ff0'>a</span><span style='color:red;font-family:url(x)'>b</span><span style='color:expression(1)'>c</span></p>",
         "<p><mark style=\"background-color:#ff0\">a</mark><span style=\"color:red\">b</span>c</p>\n"},
        {"<p><a href='/a' title='un \"b\"'>c</a> <span data-type=mention data-id=m1>@Marie</span> <span data-type=mention>Yann</span>.</p>",
         "<p><a href=\"/a\" title=\"un &quot;b&quot;\" rel=\"noopener noreferrer\">c</a> <span class=\"mention\" data-type=\"mention\" data-id=\"m1\">@Marie</span> "
         "<span class=\"mention\" data-type=\"mention\">@Yann</span>.</p>\n"},
        {"<ol type=a start=2><li>b</ol><ol type=x><li>c</ol>", "<ol start=\"2\" type=\"a\"><li><p>b</p>\n</li>\n</ol>\n<ol><li><p>c</p>\n</li>\n</ol>\n"},
    };
    for (const auto& one : cases) {
        const std::string html = html_again(one.html);
        EXPECT_EQ(html, one.again);
        EXPECT_EQ(html_again(html), html);
    }
}

TEST(Import, MarkdownWithLooksComesBackAsItWas) {
    for (const std::string_view text : {
             "| a | b | c |\n| :-: | --: | --- |\n| d | **e** | f |\n", "<span style=\"display:block;text-align:center\">a **b**\\\nc</span>\n",
             "## <span style=\"display:block;text-align:right\">a</span>\n", "- <span style=\"display:block;text-align:justify\">a</span>\n",
             "a **<span style=\"color:#c00;font-family:&quot;DejaVu Sans&quot;;font-size:14pt\">b</span>**\n", "<mark style=\"background-color:#a0ffa0\">a</mark> <mark>b</mark>\n",
             "<span data-type=\"mention\" data-id=\"m 1\">@Marie \\*</span> a <span data-type=\"mention\">@b</span>\n", "[a](<https://b.example> \"c \\\"d\\\"\")\n",
             "| <span style=\"display:block;text-align:right\">a</span> | b |\n| --- | :-: |\n| c | d |\n"}) {
        const auto document = read_document(text, DocumentForm::markdown);
        ASSERT_TRUE(document.has_value());
        EXPECT_EQ(*export_document(*export_format("markdown"), document->update, "", false), text);
    }
    // What other people's tags mean stays, what is unclosed ends with its paragraph.
    const auto document = read_document("<span>a</span> <font color=red>b\n\nc <span data-type=\"mention\">@d\n\n<A HREF=/e TITLE=f>g</A> <!-- h --> <x y>i</x>", DocumentForm::markdown);
    EXPECT_EQ(*export_document(*export_format("markdown"), document->update, "", false),
              "a <span style=\"color:red\">b</span>\n\nc <span data-type=\"mention\">@d</span>\n\n[g](</e> \"f\")  i\n");
}

TEST(Import, WidthsOfColumns) {
    constexpr struct {
        std::string_view table;
        std::string_view widths;
    } cases[] = {
        // Our own and the editor's: as it was, cell by cell.
        {"<table><colgroup><col width=5></colgroup><tr><td data-colwidth='100,0' colspan=2>a<td>b<tr><td>c<td>d<td data-colwidth=30>e</table>", "100,0 30 "},
        {"<table><tr><td data-colwidth='100'>a<td data-colwidth='0'>b<td data-colwidth='1,2'>c<td data-colwidth='x'>d</table>", "100 "},
        // Others': each cell of a column says the same.
        {"<table><col width=100><col style='width:50px'><tr><td>a<td>b<tr><td colspan=2>c</table>", "100 50 100,50 "},
        {"<table><colgroup><col span=2 width='1in'></colgroup><colgroup width=20></colgroup><tr><td>a<td rowspan=2>b<td>c<tr><td>d<td>e</table>", "96 96 20 96 20 "},
        {"<table><tr><th width=120>a<th style='width:90pt'>b<th width='30%'>c<tr><td>d<td>e<td>f</table>", "120 120 120 120 "},
        {"<table><tr><td colspan=2 width=99>a<tr><td>b<td width=40>c</table>", "0,40 40 "},
        {"<table><col width='1*'><col width=0><col width=99999><col style='width:-5px'><tr><td>a<td>b<td>c<td>d</table>", ""},
        {"<table><col width=80><tr><td>a<table><col width=30><tr><td>b</table><tr><td>c</table>", "80 30 80 "},
        {"<td width=70>a</td>", ""},
    };
    for (const auto& one : cases) {
        const std::string html = html_again(one.table);
        EXPECT_EQ(widths_in(html), one.widths) << one.table;
        EXPECT_EQ(html_again(html), html);
    }
}

TEST(Import, AddressesAreKeptAndRefusedOnesLeaveTheirWords) {
    const auto html = read_document("<p><a href=\"https://a.example/l'été (1), x\">a</a> <a href='mailto:b@c.example?subject=Réunion du 5'>b</a> "
                                    "<a href='javascript:x()'>c<b>d</b></a> <a href='file:///C:/x'>e</a> <a name=f>f</a> <a href=''>g</a> <img src='https://a.example/p q.png' alt=h> www.mairie.example.</p>",
                                    DocumentForm::html);
    ASSERT_TRUE(html.has_value());
    EXPECT_EQ(html->refused_links, 2u);
    EXPECT_EQ(render_html_fragment(*read_content(html->update)),
              "<p><a href=\"https://a.example/l%27été%20(1),%20x\" rel=\"noopener noreferrer\">a</a> <a href=\"mailto:b@c.example?subject=Réunion%20du%205\" rel=\"noopener noreferrer\">b</a> "
              "c<strong>d</strong> e f g <a href=\"https://a.example/p%20q.png\" rel=\"noopener noreferrer\">h</a> <a class=\"bare\" href=\"https://www.mairie.example\" rel=\"noopener noreferrer\">www.mairie.example</a>.</p>\n");
    const auto markdown = read_document("[a](<https://a.example/l'été x>) [b](javascript:x) ![c](<https://a.example/p q>) https://d.example/e, `https://f.example`", DocumentForm::markdown);
    ASSERT_TRUE(markdown.has_value());
    EXPECT_EQ(markdown->refused_links, 1u);
    EXPECT_EQ(render_html_fragment(*read_content(markdown->update)),
              "<p><a href=\"https://a.example/l%27été%20x\" rel=\"noopener noreferrer\">a</a> b <a href=\"https://a.example/p%20q\" rel=\"noopener noreferrer\">c</a> "
              "<a class=\"bare\" href=\"https://d.example/e\" rel=\"noopener noreferrer\">https://d.example/e</a>, <code>https://f.example</code></p>\n");
}

TEST(Strip, ALongPictureStaysLegible) {
    EXPECT_EQ(shown_side_max(4000, 3000), 1600u);
    EXPECT_EQ(shown_side_max(1080, 9000), 12000u) << "a picture of a whole page keeps its width";
    EXPECT_EQ(shown_side_max(3200, 12800), 6400u);
    EXPECT_EQ(shown_side_max(1, 60'000'000), 12000u);
    EXPECT_EQ(shown_side_max(9000, 1080), 1600u) << "a wide one is shown by its width";
    EXPECT_EQ(shown_side_max(0, 0), 1600u);
}

TEST(Import, ListsCountAsABrowserShowsThem) {
    const json::value all = json::parse(read_file(std::string(HAMEAU_SOURCE_DIR) + "/tests/vectors/lists.json", 1 << 20).value_or("[]"));
    ASSERT_GT(all.as_array().size(), 10u);
    for (const json::value& one : all.as_array()) {
        const auto document = read_document(std::string_view(one.at(1).as_string()), DocumentForm::html);
        ASSERT_TRUE(document.has_value());
        const auto events = read_content(document->update);
        EXPECT_EQ(render_text(*events), std::string(one.at(2).as_string())) << one.at(0).as_string();
        // Each export that we read keeps the same numbers; Markdown has no letters.
        const std::string html = render_html_fragment(*events);
        EXPECT_EQ(render_text(*read_content(read_document(html, DocumentForm::html)->update)), std::string(one.at(2).as_string())) << html;
    }
    // Words that stand in a list without an item are not lost, whoever wrote them.
    EXPECT_EQ(html_again("<ul>a<li>b</li><p>c</p>d<li>e</ul>"), "<p>a</p>\n<ul><li><p>b</p>\n<p>c</p>\n<p>d</p>\n</li>\n<li><p>e</p>\n</li>\n</ul>\n");
    for (const std::string_view hostile : {"<h1 style='mso-list:l0 level1'><span style='mso-list:ignore'><h2 style='mso-list:l0 level2'>a</h2></span>b</h1>", "<ul><ul><ul></ul></ul></ul>",
                                           "<div class=ListContainerWrapper><ul><li data-aria-level=99999999999><div class=ListContainerWrapper><ol><li aria-level=-1>a</ol></div></ul></div>", "<li role=checkbox><img>",
                                           "<ol start=99999999999999999999 reversed><li value=-5>a<li value=x>b</ol>"}) {
        EXPECT_FALSE(html_again(hostile).empty()) << hostile;
    }
}

TEST(Import, TasksAmongPlainItemsOfMarkdown) {
    const auto read = [](std::string_view text) { return render_text(*read_content(read_document(text, DocumentForm::markdown)->update)); };
    EXPECT_EQ(read("- [x] a\n- b\n  - [ ] c\n  - d\n- [ ] e\n"), "[x] a\n- b\n  [ ] c\n  - d\n[ ] e\n");
    EXPECT_EQ(read("3. a\n4. [ ] b\n5. c\n"), "3. a\n[ ] b\n5. c\n");
    const std::string mixed = "- [x] a\n- b\n- [ ] c\n";
    const auto once = export_document(*export_format("markdown"), read_document(mixed, DocumentForm::markdown)->update, "", false);
    EXPECT_EQ(read(*once), "[x] a\n- b\n[ ] c\n") << *once;
}

TEST(Import, WhatAMarkdownFileSaysOfItselfIsNoText) {
    const auto read = [](std::string_view text) {
        const auto document = read_document(text, DocumentForm::markdown);
        return document->title + "|" + render_text(*read_content(document->update));
    };
    EXPECT_EQ(read("---\ntitle: \"Réunion : juin\"\r\ntags:\n  - a\n- b\n# c\nauthor: x\n---\nTexte\n"), "Réunion : juin|Texte\n");
    EXPECT_EQ(read("---\nlang: fr\n...\n# Titre\n"), "Titre|Titre\n");
    EXPECT_EQ(read("---\nDes mots: et d'autres.\n---\n"), "Des mots: et d'autres.|----------\nDes mots: et d'autres.\n") << "a rule and a heading are text";
    EXPECT_EQ(read("---\ntitle: a\n"), "|----------\ntitle: a\n") << "it never ends";
    EXPECT_EQ(read("---\n---\na\n"), "|----------\n----------\na\n");
}

std::string utf8_of(char32_t point) {
    const auto byte = [point](int shift, unsigned mask, unsigned mark) { return static_cast<char>((static_cast<unsigned>(point) >> shift & mask) | mark); };
    if (point < 0x80) {
        return {byte(0, 0x7f, 0)};
    }
    if (point < 0x800) {
        return {byte(6, 0x1f, 0xc0), byte(0, 0x3f, 0x80)};
    }
    if (point < 0x10000) {
        return {byte(12, 0x0f, 0xe0), byte(6, 0x3f, 0x80), byte(0, 0x3f, 0x80)};
    }
    return {byte(18, 0x07, 0xf0), byte(12, 0x3f, 0x80), byte(6, 0x3f, 0x80), byte(0, 0x3f, 0x80)};
}

TEST(Import, EverySignOfUnicodeStaysOrIsLeftOutCleanly) {
    std::string html;
    std::string wanted;
    for (char32_t point = 1; point < 0x110000; point += point < 0x3000 ? 1 : 97) {
        point = point > 0xfd00 && point < 0xfdff ? 0xfdff : point;
        if ((point >= 0xd800 && point <= 0xdfff) || point == '<' || point == '&' || point == ' ' || point == '\t' || point == '\n' || point == '\r' || point == '\f' || point == '\v') {
            continue;
        }
        const std::string sign = utf8_of(point);
        html += "<p>a" + sign + "b</p>";
        const bool stays = point >= 0x20 && !(point >= 0x7f && point <= 0x9f) && point != 0xfffe && point != 0xffff;
        wanted += "a" + (stays ? sign : std::string()) + "b\n";
    }
    html += "<p>a\uffffb\ufffec\u0085d\u000be</p>";
    wanted += "abcd e\n";
    const auto document = read_document(html, DocumentForm::html);
    ASSERT_TRUE(document.has_value());
    const std::string got = render_text(*read_content(document->update));
    const auto differ = static_cast<std::size_t>(std::mismatch(got.begin(), got.end(), wanted.begin(), wanted.end()).first - got.begin());
    EXPECT_TRUE(got == wanted) << testing::PrintToString(got.substr(differ - std::min<std::size_t>(differ, 6), 12)) << " instead of " << testing::PrintToString(wanted.substr(differ - std::min<std::size_t>(differ, 6), 12));
}

TEST(Import, RefusesOtherEncodingsAndSurvivesNesting) {
    EXPECT_EQ(read_document("caf\xe9", DocumentForm::html).error().message, "document_not_utf8");
    std::string deep;
    for (int i = 0; i < 5000; ++i) {
        deep += "<blockquote><ul><li>";
    }
    EXPECT_TRUE(read_document(deep + "x", DocumentForm::html).has_value());
    EXPECT_TRUE(read_document(std::string(5000, '>') + " x", DocumentForm::markdown).has_value());
    EXPECT_TRUE(read_document(std::string(5000, '['), DocumentForm::markdown).has_value());
}

} // namespace
} // namespace hameau::pads

int main(int argc, char** argv) {
    hameau::pads::prepare_documents();
    testing::InitGoogleTest(&argc, argv);
    return RUN_ALL_TESTS();
}
