"""Annotations of pages that are drawn for the tests."""

from drawn import points

PAGE_LINE = '<TextLine id="l{n}" primaryLanguage="French"><Coords points="{polygon}"/><Baseline points="{baseline}"/><TextEquiv index="1"><Unicode>not this</Unicode></TextEquiv><TextEquiv index="0"><Unicode>{text}</Unicode></TextEquiv></TextLine>'
ALTO_LINE = '<TextLine ID="l{n}" HPOS="1" VPOS="1" WIDTH="2" HEIGHT="2" BASELINE="{baseline}"><Shape><Polygon POINTS="{polygon}"/></Shape>{strings}</TextLine>'


def page_xml(lines: list[dict], width: int, height: int, image: str, version: str = "2019-07-15") -> str:
    """Write the lines of a page, as ``drawn.page_picture`` tells them, as PAGE: in a region in a region, each with a reading that is none."""
    body = "".join(
        PAGE_LINE.format(n=n, polygon=points(line["polygon"]), baseline=points(line["baseline"]), text=line["text"])
        for n, line in enumerate(lines)
    )
    return (
        f'<?xml version="1.0"?><PcGts xmlns="http://schema.primaresearch.org/PAGE/gts/pagecontent/{version}"><Page imageFilename="{image}" '
        f'imageWidth="{width}" imageHeight="{height}"><TextRegion id="r"><TextRegion id="inner">{body}</TextRegion></TextRegion></Page></PcGts>'
    )


def alto_xml(lines: list[dict], width: int, height: int, image: str, unit: str = "pixel", scale: float = 1.0) -> str:
    """Write the lines of a page, as ``drawn.page_picture`` tells them, as ALTO, all numbers scaled to a unit."""
    def line(n, line):
        strings = '<SP/>'.join(f'<String CONTENT="{word}"/>' for word in line["text"].split())
        polygon, baseline = ([(x * scale, y * scale) for x, y in line[name]] for name in ("polygon", "baseline"))
        return ALTO_LINE.format(n=n, polygon=points(polygon, " "), baseline=points(baseline, " "), strings=strings)

    body = "".join(line(n, one) for n, one in enumerate(lines))
    return (
        f'<alto xmlns="http://www.loc.gov/standards/alto/ns-v4#"><Description><MeasurementUnit>{unit}</MeasurementUnit><sourceImageInformation>'
        f"<fileName>{image}</fileName></sourceImageInformation></Description><Layout><Page WIDTH=\"{width * scale}\" HEIGHT=\"{height * scale}\">"
        f'<PrintSpace><TextBlock LANG="fr">{body}</TextBlock></PrintSpace></Page></Layout></alto>'
    )
