"""How far people agree, in numbers that equal the reference libraries'. No database here."""
