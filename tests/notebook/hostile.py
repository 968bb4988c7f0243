"""A product as somebody with bad intent would write it."""

from __future__ import annotations

HOSTILE = {
    "id": '=HYPERLINK("https://evil.example","x")',
    "title": "<script>alert(1)</script></style><img src=x onerror=alert(2)>\x1b[2J\u202egnp.exe $\\frac{1}{0}$",
    "description": (
        "It weighs 250 g <svg onload=alert(3)>. Made of \u202e100 % cotton</style><script>alert(4)</script> $x^$. "
        "]]><!-- --> {{7*7}} <a href='javascript:alert(5)'>click</a> <iframe src=//evil.example></iframe>"
    ),
    "link": "javascript:alert(document.cookie)//https://evil.example",
    "image_link": "data:text/html,<script>alert(6)</script>",
    "brand": "@SUM(1+1)*cmd|' /C calc'!A0",
    "color": '" onmouseover="alert(7)" x="',
    "product_type": "$\\badcommand$ <b onmouseover=alert(8)> > </title><script>alert(9)</script>",
    "price": "-5\t\r\n=1+1",
}
