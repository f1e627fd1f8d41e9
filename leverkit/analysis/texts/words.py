"""Words and forms that tags hold in many languages, as regular expressions: dates, numbers, negations."""

from __future__ import annotations

_CHINESE = "〇零一二三四五六七八九十百"
_MONTHS = """
    january february march april may june july august september october november december
    jan feb mar apr jun jul aug sep sept oct nov dec
    januar februar märz mai juni juli oktober dezember mrz okt dez
    janvier février mars avril juin juillet août septembre octobre novembre décembre fév févr avr déc
    enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre ene dic
    gennaio febbraio aprile maggio giugno luglio settembre ottobre dicembre
    janeiro fevereiro março maio junho julho setembro outubro novembro dezembro
    januari februari maart mei augustus maj augusti december
    stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia
    styczeń luty marzec kwiecień czerwiec lipiec sierpień wrzesień październik listopad grudzień
    январь февраль март апрель май июнь июль август сентябрь октябрь ноябрь декабрь
    января февраля марта апреля мая июня июля августа сентября октября ноября декабря
    ocak şubat nisan mayıs haziran temmuz ağustos eylül ekim kasım aralık
    spring summer fall autumn winter frühling frühjahr sommer herbst printemps été automne hiver
"""

MONTH = f"(?:{'|'.join(sorted(_MONTHS.split(), key=len, reverse=True))})\\.?"  # and seasons
PERIOD = (
    r"(?:(?:\d{4}[-/ ]?)?(?:fy|cy|[hqst]|(?:kw|cw|wk|w)[ .]?)['’]?\d{1,4}"  # Q3, FY22, 2022-W12, KW 12
    r"|\d[qh](?:['’]?\d{2,4})?)"  # 1Q22
)
ORDINAL = r"\d+(?:st|nd|rd|th|er|e|o|a)"
CODE = r"(?=[a-f]*\d)(?=\d*[a-f])[\da-f]{6,}(?:-[\da-f]{4,})*"  # 7f3a9c, UUIDs
CHINESE_NUMBER = f"第[{_CHINESE}\\d]+|[{_CHINESE}]+月"

_NEGATIONS = """
    no not non un ex never without anti
    kein keine nicht ohne nie pas sans jamais sin nunca não sem nao
    niet geen zonder ikke ingen inte utan bez не нет без değil yok ei ilman
"""
NEGATIONS = frozenset(_NEGATIONS.split())
